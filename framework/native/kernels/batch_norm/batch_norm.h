// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Batch normalisation of float32 in channel blocks of 16: [images][blocks][pixels][16]. Lanes past the last channel are
// computed like the others and mean nothing; per-channel arrays are of blocks * 16 floats.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"

namespace keima {

struct BatchNormArgs {
  int64_t images;
  int64_t blocks;
  int64_t pixels;
};

// mean[c] and variance[c] (biased) over images and pixels. Sums are taken against the first element of each channel, so
// that a large mean does not cancel, and are merged in double: the bits do not depend on the number of threads.
void batch_norm_statistics(const Exec& exec, const BatchNormArgs& args, const float* in, float* mean, float* variance);

// out = in * scale[c] + shift[c]; `out` may be `in`.
void batch_norm_apply(const Exec& exec, const BatchNormArgs& args, const float* in, const float* scale, const float* shift, float* out);

// gradient_sum[c] = sum of g, gradient_dot[c] = sum of g * (in - mean[c]).
void batch_norm_gradient_sums(const Exec& exec, const BatchNormArgs& args, const float* in, const float* gradient, const float* mean,
                              float* gradient_sum, float* gradient_dot);

// in_gradient = gradient * a[c] + in * b[c] + k[c].
void batch_norm_gradient(const Exec& exec, const BatchNormArgs& args, const float* in, const float* gradient, const float* a, const float* b,
                         const float* k, float* in_gradient);

}  // namespace keima
