// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The inner loops of elementwise ops, compiled for each instruction set.
#pragma once

#include "kernels/elementwise/elementwise.h"
#include "simd/variants.h"

namespace keima {

// n elements of each operand, contiguous float or int32 (where's mask: bool), or one element for all where `scalar` says
// so. The result is of the operands' type, or bool for comparisons.
struct ElementwiseRun {
  const void* in[kElementwiseMaxArity];
  bool scalar[kElementwiseMaxArity];
  void* out;
  int64_t n;
  float params[2];
};
using ElementwiseLoop = void (*)(const ElementwiseRun&);

// Null where the op is not defined for integers (floats).
KEIMA_EACH_ISA(ElementwiseLoop elementwise_loop(ElementwiseOp op, bool integer));

}  // namespace keima
