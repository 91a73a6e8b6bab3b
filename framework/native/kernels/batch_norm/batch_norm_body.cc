// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/batch_norm_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int kBlock = 16;
// Pixels added in float32 before the sums move to double.
constexpr int64_t kRun = 256;
using Floats = Vec<float, kBlock>;

KEIMA_INLINE void add_to(double* total, Floats part) {
  for (int i = 0; i < kBlock; ++i) total[i] += static_cast<double>(part[i]);
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
  const Floats origin = load<kBlock>(shift);
  accumulate(pixels, sum, squares, [&](int64_t p, Floats& a, Floats& b) __attribute__((always_inline)) {
    const Floats x = load<kBlock>(in + p * kBlock) - origin;
    a += x;
    b += x * x;
  });
}

void dot_plane(int64_t pixels, const float* in, const float* gradient, const float* mean, double* sum, double* dot) {
  const Floats center = load<kBlock>(mean);
  accumulate(pixels, sum, dot, [&](int64_t p, Floats& a, Floats& b) __attribute__((always_inline)) {
    const Floats g = load<kBlock>(gradient + p * kBlock);
    a += g;
    b += g * (load<kBlock>(in + p * kBlock) - center);
  });
}

void scale_plane(int64_t pixels, const float* in, const float* scale, const float* shift, float* out) {
  const Floats a = load<kBlock>(scale), b = load<kBlock>(shift);
  for (int64_t p = 0; p < pixels; ++p) store(out + p * kBlock, load<kBlock>(in + p * kBlock) * a + b);
}

void combine_plane(int64_t pixels, const float* in, const float* gradient, const float* a, const float* b, const float* k, float* out) {
  const Floats va = load<kBlock>(a), vb = load<kBlock>(b), vk = load<kBlock>(k);
  for (int64_t p = 0; p < pixels; ++p)
    store(out + p * kBlock, load<kBlock>(gradient + p * kBlock) * va + (load<kBlock>(in + p * kBlock) * vb + vk));
}

}  // namespace keima::KEIMA_ISA
