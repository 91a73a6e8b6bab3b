// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The tile sizes that fill each instruction set's registers, and the table of compiled tiles.
#pragma once

#include "kernels/gemm/tile.h"
#include "simd/isa.h"

namespace keima::KEIMA_ISA {

// Measured: 14x2 vectors is the best AVX-512 tile (28 accumulators of 32 registers), 6 rows of 16 columns for AVX2's
// 16 registers and NEON's 32; SSE has no fused or broadcasting multiply and gets what fits.
#if defined(__AVX512F__)
inline constexpr int kTileRows = 14;
inline constexpr int kTileBlocks = 2;
#elif defined(__AVX2__) || defined(__aarch64__)
inline constexpr int kTileRows = 6;
inline constexpr int kTileBlocks = 1;
#else
inline constexpr int kTileRows = 2;
inline constexpr int kTileBlocks = 1;
#endif

// Tiles of 1..kTileRows rows side by side (rows_y = 1), or of two times 1..kTileRows/2 (rows_y = 2), by 1..kTileBlocks
// blocks of 16 columns.
TileFunction tile_function(int rows_y, int rows_x, int blocks);

// Tiles of 1..kTileRows rows whose A is a panel of its own: row r's k stands at a[k * rows + r], for call.blocks * 16 k's
// less call.absent. W's blocks follow each other; of the call's fields a_row, a_block, w_block and taps are not looked at.
TileFunction panel_tile_function(int rows, int blocks);

// `count` rows cut into tiles of nearly equal height, since a low tile wastes its loads: 49 = 13 + 3 * 12.
struct RowTiles {
  explicit constexpr RowTiles(int64_t count, int64_t highest = kTileRows)
      : tiles((count + highest - 1) / highest), low(count / tiles), extra(count % tiles) {}
  constexpr int64_t begin(int64_t tile) const { return tile * low + (tile < extra ? tile : extra); }
  constexpr int64_t rows(int64_t tile) const { return low + (tile < extra ? 1 : 0); }
  int64_t tiles;
  int64_t low;
  int64_t extra;
};

}  // namespace keima::KEIMA_ISA
