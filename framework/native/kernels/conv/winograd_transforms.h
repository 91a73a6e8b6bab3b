// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The one-dimensional transforms of F(2,3) and F(4,3), by the points 0, 1, -1 (and 2, -2) and infinity. With B', G and A'
// for the matrices that `source`, `weights` and `result` multiply by: result = A' ((G g) * (B' d)) is the correlation of
// d with g. `gradient` is A and `weights_gradient` G', the transposes, which make the gradient of the weights.
#pragma once

#include "kernels/gemm/repeat.h"
#include "kernels/gemm/tile.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {

template <int m>
struct Winograd;

template <>
struct Winograd<2> {
  static constexpr int kSize = 4;
  template <class V>
  KEIMA_INLINE static void source(const V (&d)[4], V (&o)[4]) {
    o[0] = d[0] - d[2];
    o[1] = d[1] + d[2];
    o[2] = d[2] - d[1];
    o[3] = d[3] - d[1];
  }
  template <class V>
  KEIMA_INLINE static void weights(const V (&g)[3], V (&o)[4]) {
    const V even = (g[0] + g[2]) * 0.5F, odd = g[1] * 0.5F;
    o[0] = g[0];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = g[2];
  }
  template <class V>
  KEIMA_INLINE static void result(const V (&p)[4], V (&o)[2]) {
    o[0] = p[0] + (p[1] + p[2]);
    o[1] = (p[1] - p[2]) + p[3];
  }
  template <class V>
  KEIMA_INLINE static void gradient(const V (&d)[2], V (&o)[4]) {
    o[0] = d[0];
    o[1] = d[0] + d[1];
    o[2] = d[0] - d[1];
    o[3] = d[1];
  }
  template <class V>
  KEIMA_INLINE static void weights_gradient(const V (&u)[4], V (&o)[3]) {
    const V even = (u[1] + u[2]) * 0.5F;
    o[0] = u[0] + even;
    o[1] = (u[1] - u[2]) * 0.5F;
    o[2] = even + u[3];
  }
};

template <>
struct Winograd<4> {
  static constexpr int kSize = 6;
  template <class V>
  KEIMA_INLINE static void source(const V (&d)[6], V (&o)[6]) {
    const V even1 = d[4] - d[2] * 4.F, odd1 = d[3] - d[1] * 4.F, even2 = d[4] - d[2], odd2 = (d[3] - d[1]) * 2.F;
    o[0] = d[0] * 4.F - d[2] * 5.F + d[4];
    o[1] = even1 + odd1;
    o[2] = even1 - odd1;
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = d[1] * 4.F - d[3] * 5.F + d[5];
  }
  template <class V>
  KEIMA_INLINE static void weights(const V (&g)[3], V (&o)[6]) {
    const V even1 = (g[0] + g[2]) * (-1.F / 6.F), odd1 = g[1] * (-1.F / 6.F);
    const V even2 = g[0] * (1.F / 24.F) + g[2] * (1.F / 6.F), odd2 = g[1] * (1.F / 12.F);
    o[0] = g[0] * 0.25F;
    o[1] = even1 + odd1;
    o[2] = even1 - odd1;
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = g[2];
  }
  template <class V>
  KEIMA_INLINE static void result(const V (&p)[6], V (&o)[4]) {
    const V sum1 = p[1] + p[2], difference1 = p[1] - p[2], sum2 = p[3] + p[4], difference2 = p[3] - p[4];
    o[0] = p[0] + sum1 + sum2;
    o[1] = difference1 + difference2 * 2.F;
    o[2] = sum1 + sum2 * 4.F;
    o[3] = difference1 + difference2 * 8.F + p[5];
  }
  template <class V>
  KEIMA_INLINE static void gradient(const V (&d)[4], V (&o)[6]) {
    const V even1 = d[0] + d[2], odd1 = d[1] + d[3], even2 = d[0] + d[2] * 4.F, odd2 = d[1] * 2.F + d[3] * 8.F;
    o[0] = d[0];
    o[1] = even1 + odd1;
    o[2] = even1 - odd1;
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = d[3];
  }
  template <class V>
  KEIMA_INLINE static void weights_gradient(const V (&u)[6], V (&o)[3]) {
    const V sum1 = (u[1] + u[2]) * (-1.F / 6.F), sum2 = u[3] + u[4];
    o[0] = u[0] * 0.25F + sum1 + sum2 * (1.F / 24.F);
    o[1] = (u[2] - u[1]) * (1.F / 6.F) + (u[3] - u[4]) * (1.F / 12.F);
    o[2] = sum1 + sum2 * (1.F / 6.F) + u[5];
  }
};

// From a square of `from` x `from` vectors to one of `to` x `to`: `transform` along the rows, then along the columns.
// load(y, x) gives, put(y, x, vector) takes.
template <int from, int to, class Transform, class Load, class Put>
KEIMA_INLINE void transform_square(const Transform& transform, const Load& load, const Put& put) {
  using V = Vec<float, kLanes>;
  V half[from][to];
  repeat<from>([&](int y) __attribute__((always_inline)) {
    V row[from];
    repeat<from>([&](int x) __attribute__((always_inline)) { row[x] = load(y, x); });
    transform(row, half[y]);
  });
  repeat<to>([&](int x) __attribute__((always_inline)) {
    V column[from], result[to];
    repeat<from>([&](int y) __attribute__((always_inline)) { column[y] = half[y][x]; });
    transform(column, result);
    repeat<to>([&](int y) __attribute__((always_inline)) { put(y, x, result[y]); });
  });
}

}  // namespace keima::KEIMA_ISA
