// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution: lanes never meet, so the instruction set's vector of a block's channels stands wherever a channel
// would be a number. Weights are packed as [channel block][tap][16].
#include "kernels/conv/conv_body.h"
#include "kernels/gemm/repeat.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

// Of 16 lanes in two AVX2 registers GCC keeps none in either: 1.26 ms for 56x56x144, where two passes of 8 take 0.25.
using V = Vec<float, kLanes>;

struct Axes {
  ConvAxis y;
  ConvAxis x;
  Axes(const ConvShape& s, bool backward)
      : y{s.kernel_height, s.stride_height, s.dilation_height, s.pad_top, backward ? s.out_height : s.in_height,
          backward ? s.in_height : s.out_height, backward},
        x{s.kernel_width, s.stride_width, s.dilation_width, s.pad_left, backward ? s.out_width : s.in_width,
          backward ? s.in_width : s.out_width, backward} {}
};

KEIMA_INLINE V gather_pixel(const Axes& axes, const float* source, const float* packed, int64_t y, int64_t x) {
  V sum{};
  for (int64_t ky = 0; ky < axes.y.kernel; ++ky) {
    const int64_t from_y = axes.y.source_of(y, ky);
    if (from_y < 0) continue;
    for (int64_t kx = 0; kx < axes.x.kernel; ++kx) {
      const int64_t from_x = axes.x.source_of(x, kx);
      if (from_x < 0) continue;
      sum += load<kLanes>(source + (from_y * axes.x.source + from_x) * kBlock) *
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

// Pixels whose taps all lie in the image when the stride along x is 1 forwards: [first, last).
struct Inner {
  explicit Inner(const ConvAxis& x) {
    if (x.backward) return;
    first = conv_least(x.target, (x.pad + x.stride - 1) / x.stride);
    const int64_t room = x.source - 1 - (x.kernel - 1) * x.dilation + x.pad;
    last = conv_most(first, room < 0 ? 0 : conv_least(x.target, room / x.stride + 1));
  }
  int64_t first = 0;
  int64_t last = 0;
};

// Neighbours of a row that are computed at once, so that a tap's weights are loaded once for them.
constexpr int kPixels = 8;

// The taps of a target row that lie in the image: source rows from `from` on, which the tap row of `weights` meets first.
struct RowTaps {
  RowTaps(const Axes& axes, const float* source, const float* packed, int64_t y) : from(source), row_floats(axes.x.source * kBlock) {
    int64_t ky = 0;
    while (ky < axes.y.kernel && axes.y.source_of(y, ky) < 0) ++ky;
    int64_t end = ky;
    while (end < axes.y.kernel && axes.y.source_of(y, end) >= 0) ++end;
    count = end - ky;
    if (count > 0) from = source + axes.y.source_of(y, ky) * row_floats;
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

// kernel * 10 + stride of the convolutions that run_row() knows; 0: another.
int fast_shape(const Axes& axes) {
  const ConvAxis &y = axes.y, &x = axes.x;
  const bool plain = !x.backward && x.dilation == 1 && y.dilation == 1 && x.kernel == y.kernel && x.stride <= 2;
  return plain && (x.kernel == 3 || x.kernel == 5) ? static_cast<int>(x.kernel * 10 + x.stride) : 0;
}

// The targets of a row whose taps all lie in the image along x; returns the end of what it computed.
template <class Put>
KEIMA_INLINE int64_t inner_row(int shape, const RowTaps& taps, int64_t pad, int64_t first, int64_t last, const Put& put) {
  switch (shape) {
    case 31: return run_row<3, 1, kPixels>(taps, pad, first, last, put);
    case 32: return run_row<3, 2, kPixels>(taps, pad, first, last, put);
    case 51: return run_row<5, 1, kPixels>(taps, pad, first, last, put);
    case 52: return run_row<5, 2, kPixels>(taps, pad, first, last, put);
    default: return first;
  }
}

// One gathering: what a row of a plane needs.
struct Gathering {
  Gathering(const ConvShape& s, bool backward, const float* source_data, const float* packed_weights,
            const ConvEpilogue& after, float* target_data)
      : axes(s, backward), inner(axes.x), shape(fast_shape(axes)), channels(s.in_channels), blocks(conv_blocks(channels)),
        source(source_data), packed(packed_weights), epilogue(after), target(target_data) {}

  void row(int64_t plane, int64_t y) const {
    for (int64_t lane = 0; lane < kBlock; lane += kLanes) lanes_of_row(plane, y, lane);
  }

  void lanes_of_row(int64_t plane, int64_t y, int64_t lane) const {
    const int64_t block = plane % blocks;
    const float* from = source + plane * axes.y.source * axes.x.source * kBlock + lane;
    const float* weights = packed + block * axes.y.kernel * axes.x.kernel * kBlock + lane;
    const int64_t at = (plane * axes.y.target + y) * axes.x.target * kBlock + lane;
    const float* residual = epilogue.residual != nullptr ? epilogue.residual + at : nullptr;
    const V bias = bias_of(block * kBlock + lane);
    const auto put = [&](int64_t x, V sum) __attribute__((always_inline)) {
      store(target + at + x * kBlock, finish(sum, bias, residual != nullptr ? residual + x * kBlock : nullptr, epilogue));
    };
    for (int64_t x = 0; x < inner.first; ++x) put(x, gather_pixel(axes, from, weights, y, x));
    int64_t x = inner.first;
    if (shape != 0) x = inner_row(shape, RowTaps(axes, from, weights, y), axes.x.pad, x, inner.last, put);
    for (; x < axes.x.target; ++x) put(x, gather_pixel(axes, from, weights, y, x));
  }

  V bias_of(int64_t channel) const {
    const int64_t count = conv_least(kLanes, channels - channel);
    return epilogue.bias != nullptr && count > 0 ? load_partial<kLanes>(epilogue.bias + channel, static_cast<int>(count)) : V{};
  }

  const Axes axes;
  const Inner inner;
  const int shape;
  const int64_t channels;
  const int64_t blocks;
  const float* const source;
  const float* const packed;
  const ConvEpilogue& epilogue;
  float* const target;
};

void gather(const Exec& exec, const ConvShape& s, bool backward, const float* source, const float* packed,
            const ConvEpilogue& epilogue, float* target) {
  const Gathering gathering(s, backward, source, packed, epilogue, target);
  const int64_t rows = gathering.axes.y.target;
  parallel_for(exec, s.batch * gathering.blocks * rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) gathering.row(i / rows, i % rows);
  });
}

// Sum over the batch and over the targets that meet a source pixel by this tap.
V tap_gradient(const ConvShape& s, const Axes& axes, int64_t channel, int64_t ky, int64_t kx, const float* input,
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

}  // namespace

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
  const Axes axes(s, false);
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
