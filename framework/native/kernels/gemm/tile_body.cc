// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm/accumulators.h"

namespace keima::KEIMA_ISA {
namespace {

template <int rows_y, int rows_x, int blocks>
struct Tile : Accumulators<rows_y, rows_x, blocks> {
  using Base = Accumulators<rows_y, rows_x, blocks>;
  using typename Base::V;
  using Base::kRows, Base::kVectors;
  static constexpr int kUnroll = 4;
  static constexpr int64_t kLine = 16;  // floats

  // One block of 16 k's.
  KEIMA_INLINE void multiply(const float* __restrict a, int64_t a_row, const float* __restrict w, const float*& prefetch,
                             int64_t prefetch_floats) {
#pragma GCC unroll 1
    for (int k0 = 0; k0 < kBlock; k0 += kUnroll) {
      for (const float* end = prefetch + prefetch_floats; prefetch != end; prefetch += kLine) __builtin_prefetch(prefetch, 0, 2);
      repeat<kUnroll>([&](int k) __attribute__((always_inline)) {
        V columns[kVectors];
        repeat<kVectors>([&](int v) __attribute__((always_inline)) { columns[v] = load<kLanes>(w + k * kGroup + v * kLanes); });
        repeat<kRows>([&](int r) __attribute__((always_inline)) {
          this->add_row(r, columns, a + (r / rows_x) * a_row + (r % rows_x) * kBlock + k);
        });
      });
      a += kUnroll;
      w += kUnroll * kGroup;
    }
  }

  [[gnu::noinline]] static void run(const TileCall& call) {
    Tile tile;
    tile.start(call);
    const float* prefetch = call.prefetch;
    const int64_t prefetch_floats = prefetch != nullptr ? call.prefetch_lines * kLine : 0;
    for (int64_t b = 0; b < call.blocks; ++b)
      for (int64_t t = 0; t < call.tap_count; ++t)
        tile.multiply(call.a + b * call.a_block + call.taps[t].a, call.a_row, call.w + b * call.w_block + call.taps[t].w,
                      prefetch, prefetch_floats);
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
