// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// out[i] = f(in0[i], in1[i], ...) over N-d arrays with broadcasting and any mix of element types.
//
// Lanes. An operation computes in float32 when it is a Float one or a Number one with a float16, bfloat16 or float32 input
// (where()'s condition aside); otherwise in int32. Inputs are converted on the way in, the result on the way out, so a
// cast before or after an operation costs no pass of its own, and identity is the cast between any two types.
//
// Conversions. To float16 and bfloat16: nearest even, overflow to infinity. Float to integer: truncated to int32, out of
// range and NaN giving INT32_MIN, then wrapped to the narrower type (so 300.7 becomes 44 in int8, as MegEngine's and
// NumPy's x86 builds do). Integer to narrower integer: wrapped. To bool: 1 where not 0, NaN included.
//
// Semantics. Recorded from MegEngine but for NaN: maximum, minimum, clip, relu and relu6 propagate NaN (MegEngine's
// result depends on the argument order). floor_div rounds towards minus infinity; integer mod has the sign of the
// divisor, float mod that of the dividend; integer division by 0 gives 0. round takes halves away from zero. gelu is the
// erf form. Accuracy: exact for arithmetic and comparison; the functions' bounds are in simd/math.h's tests; what is
// composed of them (silu, gelu, gradients) is within a few units in the last place of its largest intermediate.
#pragma once

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

// Lanes that an operation computes in. Float: float32, integer inputs are converted. Number: float32 if an input is a
// float, else int32. Choice: as Number, of the inputs after the first, which is a condition. Int: int32.
enum class ElementwiseLanes : uint8_t { Float, Number, Choice, Int };
// Same: the lanes' type. Mask: 0 or 1.
enum class ElementwiseResult : uint8_t { Same, Mask };

struct ElementwiseInfo {
  const char* name;
  int inputs;
  ElementwiseLanes lanes;
  ElementwiseResult result;
};

// An operation: its place in the catalogue of bodies.
struct ElementwiseOp {
  int index = -1;
  constexpr bool exists() const { return index >= 0; }
};

// All operations; bodies/*.h list them.
struct ElementwiseInfos {
  const ElementwiseInfo* rows;
  int count;
};
ElementwiseInfos elementwise_operations();
const ElementwiseInfo& elementwise_info(ElementwiseOp op);

// The operation of this name ("add", "relu_grad"), which may not exist.
ElementwiseOp elementwise_op_from_name(const char* name);

inline constexpr int kElementwiseMaxDims = 9;  // 8 and the lanes of a channel block
inline constexpr int kElementwiseMaxInputs = 4;

struct ElementwiseOperand {
  const void* data = nullptr;
  ScalarType type = ScalarType::kFloat32;
  const int64_t* strides = nullptr;  // in elements, one a dimension; 0 broadcasts; null: contiguous
};

struct ElementwiseArgs {
  ElementwiseOp op;
  int ndim = 0;                    // 0..kElementwiseMaxDims
  const int64_t* shape = nullptr;  // of the result
  void* out = nullptr;
  ScalarType out_type = ScalarType::kFloat32;
  const int64_t* out_strides = nullptr;  // no zeros; null: contiguous
  ElementwiseOperand in[kElementwiseMaxInputs];
  double params[2] = {0, 0};
};

// The type that the result naturally has: bool for masks; float32 for a Float operation on integers; else `promoted`, the
// common type of the inputs.
ScalarType elementwise_result_type(ElementwiseOp op, ScalarType promoted);

// out may be one of the inputs if both have the same strides and element size; otherwise it must not overlap them. The
// result does not depend on the number of threads. A few tens of nanoseconds for a few elements; from 32 Ki elements on,
// several threads.
void elementwise(const Exec& exec, const ElementwiseArgs& args);

}  // namespace keima
