// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Pooling of one plane, compiled for each instruction set.
#pragma once

#include "kernels/pooling/pooling.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(void max_pool_plane(const PoolArgs& args, const float* in, float* out, int32_t* positions));
KEIMA_EACH_ISA(void average_pool_plane(const PoolArgs& args, bool count_padding, const float* in, float* out));
KEIMA_EACH_ISA(void average_pool_backward_plane(const PoolArgs& args, bool count_padding, const float* out, float* in));

}  // namespace keima
