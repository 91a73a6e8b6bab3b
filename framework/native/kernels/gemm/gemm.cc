// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm/gemm_body.h"
#include "kernels/gemm/tile.h"

namespace keima {
namespace {

// One matrix against a batch that lies back to back is one taller matrix: B is then packed once.
GemmArgs merge_batch(GemmArgs args) {
  const bool one_b = args.b_batch_stride == 0;
  const bool tall = !args.transpose_a && args.a_batch_stride == args.m * args.a_stride &&
                    args.c_batch_stride == args.m * args.c_stride;
  if (args.batch <= 1 || !one_b || !tall) return args;
  args.m *= args.batch;
  args.batch = 1;
  return args;
}

}  // namespace

size_t gemm_scratch_bytes(const Exec& exec, const GemmArgs& args) {
  return KEIMA_PICK(exec.isa, gemm_scratch_bytes)(exec, merge_batch(args));
}

void gemm(const Exec& exec, const GemmArgs& args, void* scratch) {
  if (args.m <= 0 || args.n <= 0 || args.batch <= 0) return;
  KEIMA_PICK(exec.isa, gemm)(exec, merge_batch(args), scratch);
}

size_t gemm_packed_bytes(int64_t n, int64_t k) {
  const int64_t columns = (n + kGroup - 1) / kGroup * kGroup, depth = (k + kBlock - 1) / kBlock * kBlock;
  return static_cast<size_t>(columns * depth) * sizeof(float);
}

void gemm_pack(const Exec& exec, int64_t n, int64_t k, const float* b, int64_t b_stride, bool transpose_b, float* packed) {
  KEIMA_PICK(exec.isa, gemm_pack)(exec, n, k, b, b_stride, transpose_b, packed);
}

size_t gemm_packed_scratch_bytes(const Exec& exec, const PackedGemmArgs& args) {
  return KEIMA_PICK(exec.isa, gemm_packed_scratch_bytes)(exec, args);
}

void gemm_with_packed(const Exec& exec, const PackedGemmArgs& args, void* scratch) {
  if (args.m <= 0 || args.n <= 0) return;
  KEIMA_PICK(exec.isa, gemm_with_packed)(exec, args, scratch);
}

}  // namespace keima
