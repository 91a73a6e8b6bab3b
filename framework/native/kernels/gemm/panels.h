// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Rows of a matrix packed as panels: those of one tile side by side, [k][rows of the tile], tile after tile; and their product.
#pragma once

#include "kernels/gemm/packing.h"

namespace keima::KEIMA_ISA {

// Panel t starts at to + tiles.begin(t) * depth; depth is a multiple of 16.
struct Panels {
  RowTiles tiles;
  int64_t depth;
  float* to;
  float* at(int64_t tile, int64_t k) const { return to + tiles.begin(tile) * depth + k * tiles.rows(tile); }
};

// Sixteen k's of the rows of one tile on their way into a panel.
class PanelBlock {
 public:
  using V = Vec<float, kLanes>;
  static constexpr int kVectors = (kTileRows + kLanes - 1) / kLanes;  // hold one k
  static constexpr int kFloats = kVectors * kLanes;

  // Row i's k's from from + i * stride on, of which `depth` exist.
  KEIMA_INLINE void read_rows(const float* from, int64_t stride, int64_t rows, int64_t depth) {
    repeat<kSteps>([&](int step) __attribute__((always_inline)) {
      const int64_t there = depth - step * kLanes;
      repeat<kVectors>([&](int v) __attribute__((always_inline)) {
        V(&square)[kLanes] = block_[step][v];
        repeat<kLanes>([&](int i) __attribute__((always_inline)) {
          const int64_t row = v * kLanes + i;
          square[i] = row < rows ? read(from + row * stride + step * kLanes, there) : V{};
        });
        transpose_stages<1>(square);
      });
    });
  }

  // The rows' values for k i from from + i * stride on; `depth` k's exist.
  KEIMA_INLINE void read_columns(const float* from, int64_t stride, int64_t rows, int64_t depth) {
    for (int64_t k = 0; k < kBlock; ++k)
      repeat<kVectors>([&](int v) __attribute__((always_inline)) {
        block_[k / kLanes][v][k % kLanes] = k < depth ? read(from + k * stride + v * kLanes, rows - v * kLanes) : V{};
      });
  }

  // A vector runs over the places of the next k's, which are written after it. Behind the `last` block it must not: another
  // thread may be writing there.
  KEIMA_INLINE void write(int64_t rows, float scale, bool last, float* to) const {
    float staged[kBlock * kTileRows + kFloats];
    float* place = last ? staged : to;
    for (int64_t k = 0; k < kBlock; ++k)
      repeat<kVectors>([&](int v) __attribute__((always_inline)) { store(place + k * rows + v * kLanes, block_[k / kLanes][v][k % kLanes] * scale); });
    if (last) memcpy(to, staged, static_cast<size_t>(kBlock * rows) * sizeof(float));
  }

 private:
  static constexpr int kSteps = static_cast<int>(kBlock) / kLanes;

  KEIMA_INLINE static V read(const float* from, int64_t there) {
    if (there >= kLanes) return load<kLanes>(from);
    return there > 0 ? load_partial<kLanes>(from, static_cast<int>(there)) : V{};
  }

  V block_[kSteps][kVectors][kLanes];
};

// A[m0 .., k0 + first .. k0 + last) to the panels' k's from `first` on, scaled; `depth` k's exist from k0 on, behind them
// are zeros. first and last are multiples of 16.
inline void pack_panels(const MatrixView& a, float scale, int64_t m0, int64_t k0, int64_t depth, int64_t first, int64_t last, const Panels& panels) {
  PanelBlock block;
  const auto pack = [&](int64_t tile, int64_t k) __attribute__((always_inline)) {
    const int64_t rows = panels.tiles.rows(tile), m = m0 + panels.tiles.begin(tile);
    if (a.transposed) block.read_columns(a.data + (k0 + k) * a.stride + m, a.stride, rows, depth - k);
    else block.read_rows(a.data + m * a.stride + k0 + k, a.stride, rows, depth - k);
    block.write(rows, scale, k + kBlock == last, panels.at(tile, k));
  };
  // In the order of memory, which the hardware foresees.
  if (a.transposed) {
    for (int64_t k = first; k < last; k += kBlock)
      for (int64_t tile = 0; tile < panels.tiles.tiles; ++tile) pack(tile, k);
  } else {
    for (int64_t tile = 0; tile < panels.tiles.tiles; ++tile)
      for (int64_t k = first; k < last; k += kBlock) pack(tile, k);
  }
}

// The tiles of all panels times `blocks` blocks of W's columns from call.w on, each by compute(tile, call, rows). C and what
// the sums start from, which stand at the panels' first row, move on with the tiles.
template <class Compute>
KEIMA_INLINE void each_tile(const Panels& a, TileCall& call, int blocks, Prefetch& prefetch, const Compute& compute) {
  float* const c = call.c;
  const float* const start = call.start;
  for (int64_t t = 0; t < a.tiles.tiles; ++t) {
    const int64_t rows = a.tiles.rows(t), at = a.tiles.begin(t) * call.c_column;
    call.a = a.at(t, 0);
    call.c = c + at;
    call.start = start != nullptr ? start + at : nullptr;
    prefetch.set(call);
    compute(panel_tile_function(static_cast<int>(rows), blocks), call, rows);
  }
}

// The same for as many columns as exist, at most kTileColumns; `edge` holds kEdgeFloats. After each tile, after(its first row
// in C, its rows).
template <class After>
KEIMA_INLINE void multiply_columns(const Panels& a, TileCall& call, int64_t columns, float* edge, Prefetch& prefetch, const After& after) {
  const int blocks = columns <= kBlock ? 1 : kTileBlocks;
  each_tile(a, call, blocks, prefetch, [&](TileFunction tile, const TileCall& here, int64_t rows) __attribute__((always_inline)) {
    if (columns == blocks * kBlock) tile(here);
    else edge_tile(tile, here, rows, columns, edge);
    after(here.c, rows);
  });
}

KEIMA_INLINE void multiply_columns(const Panels& a, TileCall& call, int64_t columns, float* edge) {
  Prefetch none;
  multiply_columns(a, call, columns, edge, none, [](float*, int64_t) __attribute__((always_inline)) {});
}

}  // namespace keima::KEIMA_ISA
