// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The sliding windows of convolutions and pooling: kernel, stride, padding, dilation, and the output size they give.
#pragma once

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/dims.h"

namespace keima {

struct Window {
  int64_t in_h, in_w, out_h, out_w;
  int64_t kernel_h, kernel_w;
  int64_t stride_h, stride_w;
  int64_t padding_h, padding_w;
  int64_t dilation_h, dilation_w;
};

// `input` is (N, C, H, W). Stride, padding and dilation hold one number for both directions or one each. The error
// names the op, the sizes and what would fit.
inline Window make_window(std::string_view op, const Dims& input, int64_t kernel_h, int64_t kernel_w, const Dims& stride, const Dims& padding,
                          const Dims& dilation) {
  // Sums and products of two numbers below this do not overflow.
  constexpr int64_t most = int64_t{1} << 30;
  auto pair = [&](const Dims& dims, const char* name, int64_t least) {
    if (dims.size() != 1 && dims.size() != 2) fail(ErrorKind::kValue, op, ": expected one or two numbers for ", name, ", got ", dims);
    for (int64_t value : dims)
      if (value < least || value > most) fail(ErrorKind::kValue, op, ": ", name, " must be at least ", least, " and at most 2^30, got ", dims);
    return std::pair(dims[0], dims.back());
  };
  Window w;
  w.in_h = input[2];
  w.in_w = input[3];
  w.kernel_h = kernel_h;
  w.kernel_w = kernel_w;
  std::tie(w.stride_h, w.stride_w) = pair(stride, "stride", 1);
  std::tie(w.padding_h, w.padding_w) = pair(padding, "padding", 0);
  std::tie(w.dilation_h, w.dilation_w) = pair(dilation, "dilation", 1);
  // A stride beyond the room that the window has is made that much: there is one position all the same, and kernels multiply
  // sizes by strides, or loop over them.
  auto size = [&](int64_t in, int64_t kernel, int64_t& step, int64_t pad, int64_t spread) {
    if (in < 0 || in > most || kernel > most || kernel < 1)
      fail(ErrorKind::kShape, op, ": images are 0 to 2^30 wide and windows 1 to 2^30, got ", in, " and ", kernel);
    const int64_t reach = (kernel - 1) * spread + 1, room = in + 2 * pad - reach;
    if (room < 0)
      fail(ErrorKind::kShape, op, ": a window of size ", kernel_h, "x", kernel_w, " with padding ", padding, " and dilation ", dilation,
           " does not fit into an input of shape ", input);
    step = std::min(step, room + 1);
    return room / step + 1;
  };
  w.out_h = size(w.in_h, kernel_h, w.stride_h, w.padding_h, w.dilation_h);
  w.out_w = size(w.in_w, kernel_w, w.stride_w, w.padding_w, w.dilation_w);
  return w;
}

}  // namespace keima
