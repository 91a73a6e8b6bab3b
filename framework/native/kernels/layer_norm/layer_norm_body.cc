// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm/layer_norm_body.h"

#include "simd/memory.h"
#include "simd/sum.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

// step(index, lanes) over a row; the last vector may have fewer lanes, which partial loads fill with zeros.
template <class Step>
KEIMA_INLINE void each_vector(int64_t n, const Step& step) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) step(i, kLanes);
  if (i < n) step(i, static_cast<int>(n - i));
}

KEIMA_INLINE V load_lanes(const float* p, int count) {
  return count == kLanes ? load<kLanes>(p) : load_partial<kLanes>(p, count);
}

void normalize_row(const LayerNormArgs& args, const float* x, float* y) {
  const float count = static_cast<float>(args.n);
  TwoLevelSum<V> sum;
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) { sum.add(load_lanes(x + i, lanes_here)); });
  const V mean = splat<V>(horizontal_sum(sum.value()) / count);
  TwoLevelSum<V> squares;
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    V d = load_lanes(x + i, lanes_here) - mean;
    if (lanes_here < kLanes) d = iota<Vec<int32_t, kLanes>>() < lanes_here ? d : V{};
    squares.add(d * d);
  });
  const V scale = 1.F / sqrt(splat<V>(horizontal_sum(squares.value()) / count + args.eps));
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    V v = (load_lanes(x + i, lanes_here) - mean) * scale;
    if (args.weight != nullptr) v *= load_lanes(args.weight + i, lanes_here);
    if (args.bias != nullptr) v += load_lanes(args.bias + i, lanes_here);
    if (lanes_here == kLanes) store(y + i, v);
    else store_partial(y + i, v, lanes_here);
  });
}

}  // namespace

void layer_norm_rows(const LayerNormArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) normalize_row(args, args.x + row * args.n, args.y + row * args.n);
}

}  // namespace keima::KEIMA_ISA
