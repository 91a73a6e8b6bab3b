// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// 2-D pooling of float32 in channel blocks of 16: [planes][H][W][16], a plane being one block of one image. Lanes past
// the last channel are computed like the others and mean nothing.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"

namespace keima {

struct PoolArgs {
  int64_t planes;
  int64_t in_h, in_w, out_h, out_w;
  int64_t kernel_h, kernel_w;
  int64_t stride_h, stride_w;
  int64_t padding_h, padding_w;
};

// The largest element of each window and where it is: its row-major position in the input plane. Padding is never chosen;
// the first of equals is; a NaN counts as largest. `positions` may be null.
void max_pool(const Exec& exec, const PoolArgs& args, const float* in, float* out, int32_t* positions);
// in_gradient = 0, then += out_gradient at the positions that max_pool gave; one outside the plane counts for nothing.
void max_pool_scatter(const Exec& exec, const PoolArgs& args, const float* out_gradient, const int32_t* positions, float* in_gradient);
// out = in at the positions that max_pool gave, 0 for one outside the plane: the gradient of max_pool_scatter.
void max_pool_gather(const Exec& exec, const PoolArgs& args, const float* in, const int32_t* positions, float* out);

// The mean of each window: over all its taps with `count_padding`, else over those inside the input.
void average_pool(const Exec& exec, const PoolArgs& args, bool count_padding, const float* in, float* out);
// The transpose of average_pool.
void average_pool_backward(const Exec& exec, const PoolArgs& args, bool count_padding, const float* out_gradient, float* in_gradient);

}  // namespace keima
