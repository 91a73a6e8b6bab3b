// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm/repeat.h"
#include "kernels/gemm/tile_shape.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

template <int rows_y, int rows_x, int blocks>
struct Tile {
  static constexpr int kRows = rows_y * rows_x;
  static constexpr int kVectors = blocks * static_cast<int>(kBlock) / kLanes;
  static constexpr int kUnroll = 4;

  V sum[kRows][kVectors];

  KEIMA_INLINE static int64_t offset(const TileCall& call, int row, int vector) {
    constexpr int kPerBlock = static_cast<int>(kBlock) / kLanes;
    return (row / rows_x) * call.c_row + (row % rows_x) * call.c_column + (vector / kPerBlock) * call.c_block +
           (vector % kPerBlock) * kLanes;
  }

  // step(vector, row, offset in c)
  template <class Step>
  KEIMA_INLINE void each(const TileCall& call, const Step& step) {
    repeat<kVectors>([&](int v) __attribute__((always_inline)) {
      repeat<kRows>([&](int r) __attribute__((always_inline)) { step(sum[r][v], v, offset(call, r, v)); });
    });
  }

  KEIMA_INLINE void start(const TileCall& call) {
    each(call, [](V& s, int, int64_t) __attribute__((always_inline)) { s = V{}; });
    if (!call.accumulate) return;
    each(call, [&](V& s, int, int64_t at) __attribute__((always_inline)) { s = load<kLanes>(call.c + at); });
  }

  // One block of 16 k's.
  KEIMA_INLINE void multiply(const float* __restrict a, int64_t a_row, const float* __restrict w, const float*& prefetch,
                             int64_t prefetch_step) {
#pragma GCC unroll 1
    for (int k0 = 0; k0 < kBlock; k0 += kUnroll) {
      __builtin_prefetch(prefetch, 0, 2);
      prefetch += prefetch_step;
      repeat<kUnroll>([&](int k) __attribute__((always_inline)) {
        V columns[kVectors];
        repeat<kVectors>([&](int v) __attribute__((always_inline)) { columns[v] = load<kLanes>(w + k * kGroup + v * kLanes); });
        repeat<kRows>([&](int r) __attribute__((always_inline)) {
          const float scale = a[(r / rows_x) * a_row + (r % rows_x) * kBlock + k];
          repeat<kVectors>([&](int v) __attribute__((always_inline)) { sum[r][v] += columns[v] * scale; });
        });
      });
      a += kUnroll;
      w += kUnroll * kGroup;
    }
  }

  // Separate passes over the accumulators, not a test for each: the tests cost more than the passes.
  KEIMA_INLINE void finish(const TileCall& call) {
    if (call.bias != nullptr)
      each(call, [&](V& s, int v, int64_t) __attribute__((always_inline)) { s += load<kLanes>(call.bias + v * kLanes); });
    if (call.residual != nullptr)
      each(call, [&](V& s, int, int64_t at) __attribute__((always_inline)) { s += load<kLanes>(call.residual + at); });
    if (call.clamp) {
      const V lowest = splat<V>(call.lowest), highest = splat<V>(call.highest);
      each(call, [&](V& s, int, int64_t) __attribute__((always_inline)) {
        s = min_ordered(highest, max_ordered(lowest, s));
      });
    }
    each(call, [&](V& s, int, int64_t at) __attribute__((always_inline)) { store(call.c + at, s); });
  }

  [[gnu::noinline]] static void run(const TileCall& call) {
    Tile tile;
    tile.start(call);
    const float* prefetch = call.prefetch != nullptr ? call.prefetch : call.w;
    const int64_t prefetch_step = call.prefetch != nullptr ? 16 : 0;
    for (int64_t b = 0; b < call.blocks; ++b)
      for (int64_t t = 0; t < call.tap_count; ++t)
        tile.multiply(call.a + b * call.a_block + call.taps[t].a, call.a_row, call.w + b * call.w_block + call.taps[t].w,
                      prefetch, prefetch_step);
    tile.finish(call);
  }
};

template <int rows_y, int blocks, int rows_x = 1>
TileFunction by_columns(int wanted) {
  if (wanted == rows_x) return Tile<rows_y, rows_x, blocks>::run;
  if constexpr ((rows_x + 1) * rows_y <= kTileRows) return by_columns<rows_y, blocks, rows_x + 1>(wanted);
  return nullptr;
}

}  // namespace

TileFunction tile_function(int rows_y, int rows_x, int blocks) {
  if constexpr (kTileBlocks == 2)
    if (blocks == 2) return rows_y == 2 ? by_columns<2, 2>(rows_x) : by_columns<1, 2>(rows_x);
  return rows_y == 2 ? by_columns<2, 1>(rows_x) : by_columns<1, 1>(rows_x);
}

}  // namespace keima::KEIMA_ISA
