// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm/layer_norm_body.h"

#include <string.h>

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

KEIMA_INLINE void store_lanes(float* p, V v, int count) {
  if (count == kLanes) store(p, v);
  else store_partial(p, v, count);
}

// What makes a row's mean 0 and its variance 1.
struct Standard {
  Standard(const float* x, int64_t n, float eps) {
    const float count = static_cast<float>(n);
    TwoLevelSum<V> sum;
    each_vector(n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) { sum.add(load_lanes(x + i, lanes_here)); });
    mean = splat<V>(horizontal_sum(sum.value()) / count);
    TwoLevelSum<V> squares;
    each_vector(n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
      V d = load_lanes(x + i, lanes_here) - mean;
      if (lanes_here < kLanes) d = iota<Vec<int32_t, kLanes>>() < lanes_here ? d : V{};
      squares.add(d * d);
    });
    scale = 1.F / sqrt(splat<V>(horizontal_sum(squares.value()) / count + eps));
  }
  V mean;
  V scale;
};

void normalize_row(const LayerNormArgs& args, const float* x, float* y) {
  const Standard standard(x, args.n, args.eps);
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    V v = (load_lanes(x + i, lanes_here) - standard.mean) * standard.scale;
    if (args.weight != nullptr) v *= load_lanes(args.weight + i, lanes_here);
    if (args.bias != nullptr) v += load_lanes(args.bias + i, lanes_here);
    store_lanes(y + i, v, lanes_here);
  });
}

// dx of a row; its terms are added to the sums.
void backward_row(const LayerNormBackwardArgs& args, const float* x, const float* dy, float* dx, float* dweight, float* dbias) {
  const Standard standard(x, args.n, args.eps);
  const auto scaled = [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    const V g = load_lanes(dy + i, lanes_here);
    return args.weight != nullptr ? g * load_lanes(args.weight + i, lanes_here) : g;
  };
  TwoLevelSum<V> sum, dot;  // lanes past the row add g = 0
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    const V z = (load_lanes(x + i, lanes_here) - standard.mean) * standard.scale;
    const V g = scaled(i, lanes_here), d = load_lanes(dy + i, lanes_here);
    sum.add(g);
    dot.add(g * z);
    store_lanes(dweight + i, load_lanes(dweight + i, lanes_here) + d * z, lanes_here);
    store_lanes(dbias + i, load_lanes(dbias + i, lanes_here) + d, lanes_here);
  });
  const float count = static_cast<float>(args.n);
  const V mean = splat<V>(horizontal_sum(sum.value()) / count), along = splat<V>(horizontal_sum(dot.value()) / count);
  each_vector(args.n, [&](int64_t i, int lanes_here) __attribute__((always_inline)) {
    const V z = (load_lanes(x + i, lanes_here) - standard.mean) * standard.scale;
    store_lanes(dx + i, (scaled(i, lanes_here) - mean - z * along) * standard.scale, lanes_here);
  });
}

}  // namespace

void layer_norm_rows(const LayerNormArgs& args, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) normalize_row(args, args.x + row * args.n, args.y + row * args.n);
}

void layer_norm_backward_rows(const LayerNormBackwardArgs& args, int64_t begin, int64_t end, float* dweight, float* dbias) {
  memset(dweight, 0, static_cast<size_t>(args.n) * sizeof(float));
  memset(dbias, 0, static_cast<size_t>(args.n) * sizeof(float));
  for (int64_t row = begin; row < end; ++row) {
    const int64_t at = row * args.n;
    backward_row(args, args.x + at, args.dy + at, args.dx + at, dweight, dbias);
  }
}

}  // namespace keima::KEIMA_ISA
