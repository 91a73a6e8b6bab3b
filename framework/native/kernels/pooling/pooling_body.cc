// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/pooling/pooling_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int kBlock = 16;
// The instruction set's vector, and a block by as many passes: of 16 lanes in two registers GCC keeps none in either.
using Floats = Vec<float, kLanes>;
using Ints = Vec<int32_t, kLanes>;

// The part of a window that lies inside the input.
struct Clipped {
  int64_t y0, y1, x0, x1;
};

KEIMA_INLINE Clipped clip(const PoolArgs& args, int64_t oy, int64_t ox) {
  const int64_t y = oy * args.stride_h - args.padding_h, x = ox * args.stride_w - args.padding_w;
  const int64_t y_end = y + args.kernel_h, x_end = x + args.kernel_w;
  return {y < 0 ? 0 : y, y_end > args.in_h ? args.in_h : y_end, x < 0 ? 0 : x, x_end > args.in_w ? args.in_w : x_end};
}

// visit(window, where a vector of its pixel lies in a plane of outputs, first lane)
template <class Visit>
KEIMA_INLINE void each_window(const PoolArgs& args, const Visit& visit) {
  for (int64_t oy = 0; oy < args.out_h; ++oy)
    for (int64_t ox = 0; ox < args.out_w; ++ox)
      for (int lane = 0; lane < kBlock; lane += kLanes)
        visit(clip(args, oy, ox), (oy * args.out_w + ox) * kBlock + lane, lane);
}

// visit(input pixel)
template <class Visit>
KEIMA_INLINE void each_tap(const PoolArgs& args, const Clipped& window, const Visit& visit) {
  for (int64_t y = window.y0; y < window.y1; ++y)
    for (int64_t x = window.x0; x < window.x1; ++x) visit(y * args.in_w + x);
}

KEIMA_INLINE float weight(const PoolArgs& args, const Clipped& window, bool count_padding) {
  const int64_t inside = (window.y1 - window.y0) * (window.x1 - window.x0);
  const int64_t taps = count_padding ? args.kernel_h * args.kernel_w : inside;
  return taps > 0 ? 1.0F / static_cast<float>(taps) : 0.0F;
}

}  // namespace

void max_pool_plane(const PoolArgs& args, const float* in, float* out, int32_t* positions) {
  if (positions == nullptr) {
    each_window(args, [&](const Clipped& window, int64_t at, int lane) __attribute__((always_inline)) {
      Floats best = splat<Floats>(-__builtin_inff());
      each_tap(args, window, [&](int64_t tap) __attribute__((always_inline)) {
        best = maximum(best, load<kLanes>(in + tap * kBlock + lane));
      });
      store(out + at, best);
    });
    return;
  }
  each_window(args, [&](const Clipped& window, int64_t at, int lane) __attribute__((always_inline)) {
    Floats best = splat<Floats>(-__builtin_inff());
    Ints where = splat<Ints>(static_cast<int32_t>(window.y0 * args.in_w + window.x0));
    each_tap(args, window, [&](int64_t tap) __attribute__((always_inline)) {
      const Floats x = load<kLanes>(in + tap * kBlock + lane);
      const Ints better = ((x > best) | is_nan(x)) & ~is_nan(best);
      best = better ? x : best;
      where = better ? splat<Ints>(static_cast<int32_t>(tap)) : where;
    });
    store(out + at, best);
    store(positions + at, where);
  });
}

void average_pool_plane(const PoolArgs& args, bool count_padding, const float* in, float* out) {
  each_window(args, [&](const Clipped& window, int64_t at, int lane) __attribute__((always_inline)) {
    Floats sum{};
    each_tap(args, window, [&](int64_t tap) __attribute__((always_inline)) { sum += load<kLanes>(in + tap * kBlock + lane); });
    store(out + at, sum * weight(args, window, count_padding));
  });
}

void average_pool_backward_plane(const PoolArgs& args, bool count_padding, const float* out, float* in) {
  for (int64_t i = 0; i < args.in_h * args.in_w * kBlock; i += kLanes) store(in + i, Floats{});
  each_window(args, [&](const Clipped& window, int64_t at, int lane) __attribute__((always_inline)) {
    const Floats share = load<kLanes>(out + at) * weight(args, window, count_padding);
    each_tap(args, window, [&](int64_t tap) __attribute__((always_inline)) {
      store(in + tap * kBlock + lane, load<kLanes>(in + tap * kBlock + lane) + share);
    });
  });
}

}  // namespace keima::KEIMA_ISA
