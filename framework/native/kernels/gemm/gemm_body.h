// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/gemm/gemm.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(size_t gemm_scratch_bytes(const Exec& exec, const GemmArgs& args))
KEIMA_EACH_ISA(void gemm(const Exec& exec, const GemmArgs& args, void* scratch))

KEIMA_EACH_ISA(void gemm_pack(const Exec& exec, int64_t n, int64_t k, const float* b, int64_t b_stride, bool transpose_b,
                              float* packed))
KEIMA_EACH_ISA(size_t gemm_packed_scratch_bytes(const Exec& exec, const PackedGemmArgs& args))
KEIMA_EACH_ISA(void gemm_with_packed(const Exec& exec, const PackedGemmArgs& args, void* scratch))

}  // namespace keima
