// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Which instruction set the machine has, by CPUID; no environment and no library is read here.
#pragma once

#include "base/freestanding/exec.h"

namespace keima {

// The best instruction set that both this build has kernels for and this machine runs.
Isa detect_isa();

// Whether a machine whose best set is `machine` also runs kernels of `wanted`.
constexpr bool runs(Isa machine, Isa wanted) {
  if (wanted == Isa::kScalar || wanted == machine) return true;
  return machine == Isa::kAvx512 && wanted == Isa::kAvx2;
}

}  // namespace keima
