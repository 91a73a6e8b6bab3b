// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Passes over one plane ([pixels][16]), compiled for each instruction set.
#pragma once

#include "kernels/batch_norm/batch_norm.h"
#include "simd/variants.h"

namespace keima {

// sum += x - shift, squares += (x - shift)^2
KEIMA_EACH_ISA(void sum_plane(int64_t pixels, const float* in, const float* shift, double* sum, double* squares));
// sum += g, dot += g * (x - mean)
KEIMA_EACH_ISA(void dot_plane(int64_t pixels, const float* in, const float* gradient, const float* mean, double* sum, double* dot));
// out = in * scale + shift
KEIMA_EACH_ISA(void scale_plane(int64_t pixels, const float* in, const float* scale, const float* shift, float* out));
// out = g * a + x * b + k
KEIMA_EACH_ISA(void combine_plane(int64_t pixels, const float* in, const float* gradient, const float* a, const float* b, const float* k, float* out));

}  // namespace keima
