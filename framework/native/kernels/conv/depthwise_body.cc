// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution: lanes never meet, so the instruction set's vector of a block's channels stands wherever a channel
// would be a number. Weights are packed as [channel block][tap][16].
#include "kernels/conv/conv_body.h"
#include "kernels/conv/depthwise_rows.h"
#include "kernels/gemm/repeat.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

// Of 16 lanes in two AVX2 registers GCC keeps none in either: 1.26 ms for 56x56x144, where two passes of 8 take 0.25.
using V = Vec<float, kLanes>;

// `source` is row `first` of the image; of the pixel's taps the first along y is given.
KEIMA_INLINE V gather_pixel(const DepthwiseRows& rows, const float* source, int64_t first, const float* packed, int64_t y, int64_t first_y, int64_t x) {
  const DepthwiseAxes& axes = rows.axes;
  const int64_t first_x = rows.taps_x.first(axes.x.class_of(x));
  V sum{};
  for (int64_t ky = first_y; ky < axes.y.kernel; ky += rows.taps_y.step) {
    const int64_t from_y = axes.y.source_of(y, ky);
    if (from_y < 0) continue;
    for (int64_t kx = first_x; kx < axes.x.kernel; kx += rows.taps_x.step) {
      const int64_t from_x = axes.x.source_of(x, kx);
      if (from_x < 0) continue;
      sum += load<kLanes>(source + ((from_y - first) * axes.x.source + from_x) * kBlock) *
             load<kLanes>(packed + (ky * axes.x.kernel + kx) * kBlock);
    }
  }
  return sum;
}

KEIMA_INLINE V finish(V sum, V bias, const float* residual, const ConvEpilogue& epilogue) {
  sum += bias;
  if (residual != nullptr) sum += load<kLanes>(residual);
  if (epilogue.clamp) sum = min_ordered(splat<V>(epilogue.highest), max_ordered(splat<V>(epilogue.lowest), sum));
  return sum;
}

// Neighbours of a row that are computed at once, so that a tap's weights are loaded once for them.
constexpr int kPixels = 8;

// The taps of a target row that lie in the image: source rows from `from` on, which the tap row of `weights` meets first.
struct RowTaps {
  RowTaps(const DepthwiseAxes& axes, const float* source, int64_t first, const float* packed, int64_t y)
      : from(source), row_floats(axes.x.source * kBlock) {
    int64_t ky = 0;
    while (ky < axes.y.kernel && axes.y.source_of(y, ky) < 0) ++ky;
    int64_t end = ky;
    while (end < axes.y.kernel && axes.y.source_of(y, end) >= 0) ++end;
    count = end - ky;
    if (count > 0) from = source + (axes.y.source_of(y, ky) - first) * row_floats;
    weights = packed + ky * axes.x.kernel * kBlock;
  }
  const float* from;
  const float* weights;
  int64_t row_floats;
  int64_t count = 0;  // rows
};

// Targets [x, x + pixels), which read source pixels from `start` on, of a square kernel without dilation.
template <int kernel, int stride, int pixels, class Put>
KEIMA_INLINE void run_pixels(const RowTaps& taps, int64_t start, int64_t x, const Put& put) {
  V sums[pixels];
  repeat<pixels>([&](int i) __attribute__((always_inline)) { sums[i] = V{}; });
  const float* row = taps.from + start * kBlock;
  const float* weights = taps.weights;
  for (int64_t ky = 0; ky < taps.count; ++ky, row += taps.row_floats, weights += kernel * kBlock)
    repeat<kernel>([&](int kx) __attribute__((always_inline)) {
      const V weight = load<kLanes>(weights + kx * kBlock);
      repeat<pixels>([&](int i) __attribute__((always_inline)) { sums[i] += load<kLanes>(row + (i * stride + kx) * kBlock) * weight; });
    });
  repeat<pixels>([&](int i) __attribute__((always_inline)) { put(x + i, sums[i]); });
}

// As many of the targets [x, last) as whole runs take.
template <int kernel, int stride, int pixels, class Put>
KEIMA_INLINE int64_t run_row(const RowTaps& taps, int64_t pad, int64_t x, int64_t last, const Put& put) {
  for (; x + pixels <= last; x += pixels) run_pixels<kernel, stride, pixels>(taps, x * stride - pad, x, put);
  if constexpr (pixels > 1) return run_row<kernel, stride, pixels / 2>(taps, pad, x, last, put);
  return x;
}

// A target near an end of its row, whose taps reach over it: `start` may lie before the row, its last tap behind it.
template <int kernel>
KEIMA_INLINE V edge_pixel(const RowTaps& taps, int64_t start, int64_t width) {
  V sum{};
  const float* row = taps.from + start * kBlock;
  const float* weights = taps.weights;
  for (int64_t ky = 0; ky < taps.count; ++ky, row += taps.row_floats, weights += kernel * kBlock)
    repeat<kernel>([&](int kx) __attribute__((always_inline)) {
      if (start + kx >= 0 && start + kx < width) sum += load<kLanes>(row + kx * kBlock) * load<kLanes>(weights + kx * kBlock);
    });
  return sum;
}

// A row of targets of which [first, last) have all their taps in the image along x.
template <int kernel, int stride, class Put>
KEIMA_INLINE void whole_row(const RowTaps& taps, const ConvAxis& x, int64_t first, int64_t last, const Put& put) {
  for (int64_t i = 0; i < first; ++i) put(i, edge_pixel<kernel>(taps, i * stride - x.pad, x.source));
  run_row<kernel, stride, kPixels>(taps, x.pad, first, last, put);
  for (int64_t i = last; i < x.target; ++i) put(i, edge_pixel<kernel>(taps, i * stride - x.pad, x.source));
}

// kernel * 10 + stride of the convolutions that whole_row() knows; 0: another.
int fast_shape(const DepthwiseAxes& axes) {
  const ConvAxis &y = axes.y, &x = axes.x;
  const bool plain = !x.backward && x.dilation == 1 && y.dilation == 1 && x.kernel == y.kernel && x.stride <= 2;
  return plain && (x.kernel == 3 || x.kernel == 5) ? static_cast<int>(x.kernel * 10 + x.stride) : 0;
}

void gather(const Exec& exec, const ConvShape& s, bool backward, const float* source, const float* packed,
            const ConvEpilogue& epilogue, float* target) {
  const DepthwiseRows gathering(s, backward, packed, epilogue);
  const int64_t blocks = conv_blocks(s.in_channels), rows = gathering.axes.y.target;
  const int64_t source_floats = gathering.axes.y.source * gathering.axes.x.source * kBlock, row_floats = gathering.axes.x.target * kBlock;
  parallel_for(exec, s.batch * blocks * rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / rows, at = i * row_floats;
      const float* residual = epilogue.residual != nullptr ? epilogue.residual + at : nullptr;
      gathering.row(plane % blocks, i % rows, source + plane * source_floats, 0, residual, target + at);
    }
  });
}

// Sum over the batch and over the targets that meet a source pixel by this tap.
V tap_gradient(const ConvShape& s, const DepthwiseAxes& axes, int64_t channel, int64_t ky, int64_t kx, const float* input,
               const float* grad_output) {
  const int64_t blocks = conv_blocks(s.in_channels), lane = channel % kBlock;
  V total{};
  for (int64_t n = 0; n < s.batch; ++n) {
    const int64_t plane = n * blocks + channel / kBlock;
    V sum{};
    for (int64_t y = 0; y < s.out_height; ++y) {
      const int64_t from_y = axes.y.source_of(y, ky);
      if (from_y < 0) continue;
      const float* row = input + (plane * s.in_height + from_y) * s.in_width * kBlock + lane;
      const float* gradient = grad_output + (plane * s.out_height + y) * s.out_width * kBlock + lane;
      for (int64_t x = 0; x < s.out_width; ++x) {
        const int64_t from_x = axes.x.source_of(x, kx);
        if (from_x >= 0) sum += load<kLanes>(row + from_x * kBlock) * load<kLanes>(gradient + x * kBlock);
      }
    }
    total += sum;
  }
  return total;
}

V bias_of(const ConvEpilogue& epilogue, int64_t channels, int64_t channel) {
  const int64_t count = conv_least(kLanes, channels - channel);
  return epilogue.bias != nullptr && count > 0 ? load_partial<kLanes>(epilogue.bias + channel, static_cast<int>(count)) : V{};
}

}  // namespace

DepthwiseAxes::DepthwiseAxes(const ConvShape& s, bool backward)
    : y{s.kernel_height, s.stride_height, s.dilation_height, s.pad_top, backward ? s.out_height : s.in_height,
        backward ? s.in_height : s.out_height, backward},
      x{s.kernel_width, s.stride_width, s.dilation_width, s.pad_left, backward ? s.out_width : s.in_width,
        backward ? s.in_width : s.out_width, backward} {}

DepthwiseRows::DepthwiseRows(const ConvShape& s, bool backward, const float* weights, const ConvEpilogue& after)
    : axes(s, backward), taps_y(axes.y), taps_x(axes.x), shape(fast_shape(axes)), channels(s.in_channels), packed(weights), epilogue(after) {
  const ConvAxis& x = axes.x;
  if (backward) return;
  inner_first = conv_least(x.target, (x.pad + x.stride - 1) / x.stride);
  const int64_t room = x.source - 1 - (x.kernel - 1) * x.dilation + x.pad;
  inner_last = conv_most(inner_first, room < 0 ? 0 : conv_least(x.target, room / x.stride + 1));
}

void DepthwiseRows::row(int64_t block, int64_t y, const float* source, int64_t first, const float* residual, float* target) const {
  const int64_t first_y = taps_y.first(axes.y.class_of(y));
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    const float* from = source + lane;
    const float* weights = packed + block * axes.y.kernel * axes.x.kernel * kBlock + lane;
    const V bias = bias_of(epilogue, channels, block * kBlock + lane);
    const auto put = [&](int64_t x, V sum) __attribute__((always_inline)) {
      store(target + lane + x * kBlock, finish(sum, bias, residual != nullptr ? residual + lane + x * kBlock : nullptr, epilogue));
    };
    const RowTaps taps(axes, from, first, weights, y);
    switch (shape) {
      case 31: whole_row<3, 1>(taps, axes.x, inner_first, inner_last, put); break;
      case 32: whole_row<3, 2>(taps, axes.x, inner_first, inner_last, put); break;
      case 51: whole_row<5, 1>(taps, axes.x, inner_first, inner_last, put); break;
      case 52: whole_row<5, 2>(taps, axes.x, inner_first, inner_last, put); break;
      default: for (int64_t x = 0; x < axes.x.target; ++x) put(x, gather_pixel(*this, from, first, weights, y, first_y, x));
    }
  }
}

void conv_depthwise_forward(const Exec& exec, const ConvShape& shape, const float* input, const float* packed,
                            const ConvEpilogue& epilogue, float* output) {
  gather(exec, shape, false, input, packed, epilogue, output);
}

void conv_depthwise_backward_data(const Exec& exec, const ConvShape& shape, const float* grad_output, const float* packed,
                                  const ConvEpilogue& epilogue, float* grad_input) {
  gather(exec, shape, true, grad_output, packed, epilogue, grad_input);
}

void conv_depthwise_backward_weights(const Exec& exec, const ConvShape& s, const float* input, const float* grad_output,
                                     float* grad_weights) {
  const DepthwiseAxes axes(s, false);
  const int64_t taps = s.kernel_height * s.kernel_width;
  parallel_for(exec, conv_blocks(s.in_channels) * taps, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i / taps * kBlock, last = conv_least(first + kBlock, s.in_channels), tap = i % taps;
      for (int64_t channel = first; channel < last; channel += kLanes) {
        const V sum = tap_gradient(s, axes, channel, tap / s.kernel_width, tap % s.kernel_width, input, grad_output);
        for (int64_t lane = 0; lane < conv_least(kLanes, last - channel); ++lane)
          grad_weights[(channel + lane) * taps + tap] = sum[lane];
      }
    }
  });
}

}  // namespace keima::KEIMA_ISA
