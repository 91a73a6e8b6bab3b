// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Layer normalisation (Ba et al., 2016) of contiguous rows of float32:
//   y = (x - mean) / sqrt(variance + eps) * weight + bias,
// mean and (biased) variance being a row's. The variance is taken of what the mean was taken from, in a second pass, so that
// a large mean loses no digits. The result does not depend on the number of threads; `y` may be `x`.
#pragma once

#include <stddef.h>

#include "base/freestanding/exec.h"

namespace keima {

struct LayerNormArgs {
  int64_t rows;
  int64_t n;  // > 0, elements a row
  float eps;
  const float* x;
  const float* weight;  // n numbers; may be null
  const float* bias;    // n numbers; may be null
  float* y;
};

void layer_norm(const Exec& exec, const LayerNormArgs& args);

// With z the standardised input and g = dy * weight:
//   dx = (g - mean(g) - z mean(g z)) / deviation, dweight = sum over rows of dy z, dbias = sum over rows of dy.
// The statistics are computed again: reading a row twice is cheaper than keeping two more numbers for each.
struct LayerNormBackwardArgs {
  int64_t rows;
  int64_t n;  // > 0
  float eps;
  const float* x;
  const float* weight;  // n numbers; may be null
  const float* dy;
  float* dx;       // may be dy
  float* dweight;  // n numbers
  float* dbias;    // n numbers
};

// Results do not depend on the number of threads: rows are added up in runs of a fixed length.
size_t layer_norm_backward_scratch_bytes(int64_t rows, int64_t n);
// `scratch`: 64-byte aligned.
void layer_norm_backward(const Exec& exec, const LayerNormBackwardArgs& args, void* scratch);

}  // namespace keima
