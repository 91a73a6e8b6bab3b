// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/batch_norm_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int kBlock = 16;
// Pixels added in float32 before the sums move to double.
constexpr int64_t kRun = 256;
// The instruction set's vector, and a block by as many passes: of 16 lanes in two registers GCC keeps none in either.
using Floats = Vec<float, kLanes>;

// visit(lane): the first of each vector of a block.
template <class Visit>
KEIMA_INLINE void each_vector(const Visit& visit) {
  for (int lane = 0; lane < kBlock; lane += kLanes) visit(lane);
}

KEIMA_INLINE void add_to(double* total, Floats part) {
  for (int i = 0; i < kLanes; ++i) total[i] += static_cast<double>(part[i]);
}

// Adds first(pixel) and second(pixel), two accumulators each, over all pixels.
template <class Terms>
KEIMA_INLINE void accumulate(int64_t pixels, double* first, double* second, const Terms& terms) {
  for (int64_t start = 0; start < pixels; start += kRun) {
    const int64_t end = start + kRun < pixels ? start + kRun : pixels;
    Floats a[2]{}, b[2]{};
    int64_t p = start;
    for (; p + 2 <= end; p += 2)
      for (int k = 0; k < 2; ++k) terms(p + k, a[k], b[k]);
    if (p < end) terms(p, a[0], b[0]);
    add_to(first, a[0] + a[1]);
    add_to(second, b[0] + b[1]);
  }
}

}  // namespace

void sum_plane(int64_t pixels, const float* in, const float* shift, double* sum, double* squares) {
  each_vector([&](int lane) __attribute__((always_inline)) {
    const Floats origin = load<kLanes>(shift + lane);
    accumulate(pixels, sum + lane, squares + lane, [&](int64_t p, Floats& a, Floats& b) __attribute__((always_inline)) {
      const Floats x = load<kLanes>(in + p * kBlock + lane) - origin;
      a += x;
      b += x * x;
    });
  });
}

void dot_plane(int64_t pixels, const float* in, const float* gradient, const float* mean, double* sum, double* dot) {
  each_vector([&](int lane) __attribute__((always_inline)) {
    const Floats center = load<kLanes>(mean + lane);
    accumulate(pixels, sum + lane, dot + lane, [&](int64_t p, Floats& a, Floats& b) __attribute__((always_inline)) {
      const Floats g = load<kLanes>(gradient + p * kBlock + lane);
      a += g;
      b += g * (load<kLanes>(in + p * kBlock + lane) - center);
    });
  });
}

void scale_plane(int64_t pixels, const float* in, const float* scale, const float* shift, float* out) {
  each_vector([&](int lane) __attribute__((always_inline)) {
    const Floats a = load<kLanes>(scale + lane), b = load<kLanes>(shift + lane);
    for (int64_t at = lane; at < pixels * kBlock; at += kBlock) store(out + at, load<kLanes>(in + at) * a + b);
  });
}

void combine_plane(int64_t pixels, const float* in, const float* gradient, const float* a, const float* b, const float* k, float* out) {
  each_vector([&](int lane) __attribute__((always_inline)) {
    const Floats va = load<kLanes>(a + lane), vb = load<kLanes>(b + lane), vk = load<kLanes>(k + lane);
    for (int64_t at = lane; at < pixels * kBlock; at += kBlock)
      store(out + at, load<kLanes>(gradient + at) * va + (load<kLanes>(in + at) * vb + vk));
  });
}

}  // namespace keima::KEIMA_ISA
