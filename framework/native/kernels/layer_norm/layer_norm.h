// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Layer normalisation (Ba et al., 2016) of contiguous rows of float32:
//   y = (x - mean) / sqrt(variance + eps) * weight + bias,
// mean and (biased) variance being a row's. The variance is taken of what the mean was taken from, in a second pass, so that
// a large mean loses no digits. The result does not depend on the number of threads; `y` may be `x`.
#pragma once

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

}  // namespace keima
