// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// All elementwise operations, family by family, and their loops over contiguous lanes.
#pragma once

#include "kernels/elementwise/bodies/activation.h"
#include "kernels/elementwise/bodies/arithmetic.h"
#include "kernels/elementwise/bodies/bits.h"
#include "kernels/elementwise/bodies/comparison.h"
#include "kernels/elementwise/bodies/exponential.h"
#include "kernels/elementwise/bodies/rounding.h"
#include "kernels/elementwise/bodies/trigonometric.h"
#include "kernels/elementwise/loop.h"

namespace keima::KEIMA_ISA {

// One list of the operations of all families.
template <class... A, class... B, class... Rest>
constexpr auto concatenated(Operations<A...>, Operations<B...>, Rest... rest) {
  if constexpr (sizeof...(Rest) == 0) return Operations<A..., B...>{};
  else return concatenated(Operations<A..., B...>{}, rest...);
}

using Catalogue = decltype(concatenated(op::Arithmetic{}, op::Rounding{}, op::Exponential{}, op::Trigonometric{}, op::Comparison{},
                                        op::Bits{}, op::Activation{}));

// A table over the catalogue, one entry an operation.
template <class Entry, auto entry_of>
struct Table {
  template <class... Rows>
  static constexpr auto entries(Operations<Rows...>) {
    struct {
      Entry of[sizeof...(Rows)];
    } table{{entry_of.template operator()<Rows>()...}};
    return table;
  }
  static constexpr auto value = entries(Catalogue{});
  static constexpr int size = sizeof(value.of) / sizeof(Entry);
};

// The loops on lanes of type T; null where an operation has none.
template <class T>
using LoopTable = Table<ElementwiseLoop, []<class Row>() { return loop_if<T, Row>(); }>;

}  // namespace keima::KEIMA_ISA
