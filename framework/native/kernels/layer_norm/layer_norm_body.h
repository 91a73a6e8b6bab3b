// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/layer_norm/layer_norm.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(void layer_norm_rows(const LayerNormArgs& args, int64_t begin, int64_t end))
// Rows [begin, end): dx, and the sums of these rows, which are overwritten.
KEIMA_EACH_ISA(void layer_norm_backward_rows(const LayerNormBackwardArgs& args, int64_t begin, int64_t end, float* dweight, float* dbias))

}  // namespace keima
