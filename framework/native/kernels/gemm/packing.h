// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Operands of a product in the order in which tiles read them, and tiles that hang over the last column.
#pragma once

#include "kernels/gemm/tile_shape.h"
#include "kernels/gemm/transpose.h"

namespace keima::KEIMA_ISA {

inline constexpr int64_t kTileColumns = kBlock * kTileBlocks;

constexpr int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
constexpr int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// A row-major matrix, or one that lies transposed in memory.
struct MatrixView {
  const float* data;
  int64_t stride;  // between rows as they lie in memory
  bool transposed;
};

// B[k0 .. k0+depth, n0 .. n0+columns) to groups of [k/16][16][32] that lie `group_floats` apart, zeros behind both ends. Rows
// are read in the order of memory, which the hardware foresees.
inline void pack_columns(const MatrixView& b, int64_t k0, int64_t depth, int64_t n0, int64_t columns, int64_t group_floats, float* to) {
  const auto place = [&](int64_t k, int64_t n) { return to + n / kGroup * group_floats + k * kGroup + n % kGroup; };
  if (b.transposed) {
    for (int64_t n = 0; n < round_up(columns, kGroup); n += kBlock)
      for (int64_t k = 0; k < depth; k += kBlock)
        transpose_block(b.data + (n0 + (n < columns ? n : 0)) * b.stride + k0 + k, b.stride, columns - n, depth - k, place(k, n), kGroup);
    return;
  }
  for (int64_t k = 0; k < round_up(depth, kBlock); ++k) {
    const float* from = b.data + (k0 + (k < depth ? k : 0)) * b.stride + n0;
    for (int64_t n = 0; n < columns; n += kGroup)
      copy_padded(from + n, k < depth ? least(columns - n, kGroup) : 0, place(k, n), kGroup);
  }
}

// For a handful of floats: compilers make a loop of memcpy() that takes longer than the products of a small tile.
inline void copy_few(const float* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load<kLanes>(from + i));
  const int left = static_cast<int>(count - i);
  if (left > 0) store_partial(to + i, load_partial<kLanes>(from + i, left), left);
}

// A tile of C and its bias, for tiles whose last columns do not exist.
inline constexpr int64_t kEdgeFloats = (kTileRows + 1) * kGroup;

// Computes the tile in `edge` and copies the columns that exist.
inline void edge_tile(TileFunction tile, TileCall call, int64_t rows, int64_t columns, float* edge) {
  float* c = call.c;
  const int64_t c_column = call.c_column;
  float* bias = edge + kTileRows * kGroup;
  const auto copy_in = [&](const float* from, float* to) { copy_padded(from, columns, to, kTileColumns); };
  if (call.bias != nullptr) {
    copy_in(call.bias, bias);
    call.bias = bias;
  }
  if (call.start != nullptr) {
    for (int64_t r = 0; r < rows; ++r) copy_in(call.start + r * c_column, edge + r * kGroup);
    call.start = edge;
  }
  call.c = edge;
  call.c_column = kGroup;
  tile(call);
  for (int64_t r = 0; r < rows; ++r) copy_few(edge + r * kGroup, columns, c + r * c_column);
}

}  // namespace keima::KEIMA_ISA
