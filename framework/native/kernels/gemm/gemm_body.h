// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/gemm/gemm.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(size_t gemm_scratch_bytes(const Exec& exec, const GemmArgs& args))
KEIMA_EACH_ISA(void gemm(const Exec& exec, const GemmArgs& args, void* scratch))

}  // namespace keima
