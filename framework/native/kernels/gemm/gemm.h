// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Matrix products of float32, with any transposition, batched.
#pragma once

#include "base/freestanding/exec.h"

namespace keima {

// C[m, n] = clamp(alpha * op(A)[m, k] * op(B)[k, n] (+ C) (+ bias[n])) for each matrix of the batch.
// Matrices are row-major; strides are in floats. C must not overlap A, B or bias. Bits do not depend on the number of
// threads.
struct GemmArgs {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;  // 0 gives zeros
  const float* a = nullptr;
  int64_t a_stride = 0;       // between rows as they lie in memory
  bool transpose_a = false;   // A lies in memory as [k, m]
  const float* b = nullptr;
  int64_t b_stride = 0;
  bool transpose_b = false;   // B lies in memory as [n, k]
  float* c = nullptr;
  int64_t c_stride = 0;
  int64_t batch = 1;
  int64_t a_batch_stride = 0;  // 0: one matrix for the whole batch
  int64_t b_batch_stride = 0;
  int64_t c_batch_stride = 0;
  float alpha = 1;
  bool accumulate = false;     // add to what C holds
  const float* bias = nullptr;
  bool clamp = false;          // to [lowest, highest], at last; NaN passes
  float lowest = 0;
  float highest = 0;
};

// Bytes of scratch that gemm() needs for these sizes on this Exec; pointers are not looked at.
size_t gemm_scratch_bytes(const Exec& exec, const GemmArgs& args);

// `scratch`: 64-byte aligned.
void gemm(const Exec& exec, const GemmArgs& args, void* scratch);

// The product with a B that was packed once: C[m, n] = activation(A[m, k] * B[k, n] (+ bias[n]) (+ residual[m, n])).
// A, residual and C are row-major; the residual has C's stride and may be C. Bits do not depend on the number of threads.
struct PackedGemmArgs {
  enum class Activation : uint8_t { kNone, kClamp, kGelu };
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  const float* a = nullptr;
  int64_t a_stride = 0;
  const float* packed_b = nullptr;
  float* c = nullptr;
  int64_t c_stride = 0;
  const float* bias = nullptr;
  const float* residual = nullptr;
  Activation activation = Activation::kNone;
  float lowest = 0;  // of kClamp; NaN passes
  float highest = 0;
};

size_t gemm_packed_bytes(int64_t n, int64_t k);
// B as for gemm(). `packed` and `scratch` are 64-byte aligned.
void gemm_pack(const Exec& exec, int64_t n, int64_t k, const float* b, int64_t b_stride, bool transpose_b, float* packed);
size_t gemm_packed_scratch_bytes(const Exec& exec, const PackedGemmArgs& args);
void gemm_with_packed(const Exec& exec, const PackedGemmArgs& args, void* scratch);

}  // namespace keima
