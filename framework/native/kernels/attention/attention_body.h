// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/attention/attention.h"
#include "simd/variants.h"

namespace keima {

// Floats of scratch for one slice of heads, and those heads.
KEIMA_EACH_ISA(int64_t attention_slice_floats(const AttentionArgs& args))
KEIMA_EACH_ISA(void attention_heads(const AttentionArgs& args, int64_t begin, int64_t end, float* scratch))
KEIMA_EACH_ISA(int64_t attention_backward_slice_floats(const AttentionGradientArgs& args))
KEIMA_EACH_ISA(void attention_backward_heads(const AttentionGradientArgs& args, int64_t begin, int64_t end, float* scratch))

}  // namespace keima
