// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Covers a rectangle of target pixels by one group of 32 output channels with tiles.
#pragma once

#include "kernels/conv/geometry.h"
#include "kernels/gemm/tile_shape.h"

namespace keima::KEIMA_ISA {

// What all tiles of a column group have in common.
inline TileCall group_call(const ConvProblem& p, int64_t group, const float* bias) {
  TileCall call;
  call.w = p.packed + group * p.group_floats();
  call.w_block = p.taps() * kTapFloats;
  call.blocks = p.source_blocks();
  call.c_block = p.target.block;
  call.bias = bias != nullptr ? bias + group * kGroup : nullptr;
  call.clamp = p.epilogue.clamp;
  call.lowest = p.epilogue.lowest;
  call.highest = p.epilogue.highest;
  return call;
}

// Of the group's two.
inline int64_t group_blocks(const ConvProblem& p, int64_t group) {
  return conv_least(2, conv_blocks(p.target.channels) - 2 * group);
}

// Strides in floats; the residual, if any, is laid out as c.
struct Rectangle {
  int64_t height = 0;
  int64_t width = 0;
  const float* a = nullptr;
  int64_t a_row = 0;  // between rows; pixels of a row are 16 apart
  float* c = nullptr;
  int64_t c_row = 0;
  int64_t c_column = kBlock;
  const float* residual = nullptr;
};

inline void run_tile(TileFunction function, TileCall& call, const Rectangle& area, int64_t y, int64_t x, Prefetch& prefetch) {
  const int64_t at = y * area.c_row + x * area.c_column;
  call.a = area.a + y * area.a_row + x * kBlock;
  call.c = area.c + at;
  call.residual = area.residual != nullptr ? area.residual + at : nullptr;
  prefetch.set(call);
  function(call);
}

// Tiles of two rows for narrow rectangles: 7 wide makes 14 rows of a tile.
inline void cover_pairs(TileCall& call, const Rectangle& area, int blocks, Prefetch& prefetch) {
  const int width = static_cast<int>(area.width);
  const TileFunction pair = tile_function(2, width, blocks);
  int64_t y = 0;
  for (; y + 1 < area.height; y += 2) run_tile(pair, call, area, y, 0, prefetch);
  if (y < area.height) run_tile(tile_function(1, width, blocks), call, area, y, 0, prefetch);
}

inline void cover_block(TileCall& call, Rectangle area, int blocks, Prefetch& prefetch) {
  if (area.a_row == area.width * kBlock && area.c_row == area.width * area.c_column) {
    area.width *= area.height;
    area.height = 1;
  }
  call.a_row = area.a_row;
  call.c_row = area.c_row;
  call.c_column = area.c_column;
  if (area.height > 1 && area.width * 2 <= kTileRows) return cover_pairs(call, area, blocks, prefetch);
  const RowTiles tiles(area.width);
  for (int64_t y = 0; y < area.height; ++y)
    for (int64_t t = 0; t < tiles.tiles; ++t)
      run_tile(tile_function(1, static_cast<int>(tiles.rows(t)), blocks), call, area, y, tiles.begin(t), prefetch);
}

// About as many tiles as cover() runs for all of a group's columns.
inline int64_t cover_tiles(int64_t height, int64_t width) { return (height * width + kTileRows - 1) / kTileRows; }

// `call` holds the sum and the epilogue at the group's first column; `blocks` of the group's two exist.
inline void cover(const TileCall& call, const Rectangle& area, int64_t blocks, Prefetch& prefetch) {
  if (area.height <= 0 || area.width <= 0) return;
  for (int64_t b = 0; b < blocks; b += kTileBlocks) {
    TileCall part = call;
    Rectangle shifted = area;
    part.w += b * kBlock;
    if (part.bias != nullptr) part.bias += b * kBlock;
    shifted.c += b * call.c_block;
    if (shifted.residual != nullptr) shifted.residual += b * call.c_block;
    cover_block(part, shifted, static_cast<int>(conv_least(kTileBlocks, blocks - b)), prefetch);
  }
}

}  // namespace keima::KEIMA_ISA
