// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Ops that compute each element of the result from the same element of the operands.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

enum class ElementwiseOp : uint8_t {
#define KEIMA_ELEMENTWISE(name, body, arity, kind) k##body,
#include "kernels/elementwise/ops.inc"
#undef KEIMA_ELEMENTWISE
  kNone,
};

// kNone if there is no op of this name ("add", "relu_grad").
ElementwiseOp elementwise_op_from_name(const char* name);
// Number of operands.
int elementwise_arity(ElementwiseOp op);
// Whether the result is bool whatever the operands.
bool elementwise_gives_bool(ElementwiseOp op);

inline constexpr int kElementwiseMaxArity = 3;

// Strides are in elements, 0 where an operand is broadcast. `out` may be one of the operands with equal strides, and
// overlaps none otherwise.
struct ElementwiseArgs {
  ElementwiseOp op;
  ScalarType type;  // of the operands (where's mask is bool) and, but for comparisons, of the result
  int ndim;         // at most 9: 8 and the lanes of a channel block
  const int64_t* shape;
  void* out;
  const int64_t* out_strides;
  const void* in[kElementwiseMaxArity];
  const int64_t* in_strides[kElementwiseMaxArity];
  float params[2];
};

// 16-bit floats compute in float32, integers in int32 with wrapping; division of integers by zero gives 0.
void elementwise(const Exec& exec, const ElementwiseArgs& args);

}  // namespace keima
