// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What the catalogue says of its operations.
#include "kernels/elementwise/catalogue.h"

namespace keima::KEIMA_ISA {

ElementwiseInfos elementwise_infos() {
  using Infos = Table<ElementwiseInfo, []<class Row>() { return Row::info; }>;
  return {Infos::value.of, Infos::size};
}

}  // namespace keima::KEIMA_ISA
