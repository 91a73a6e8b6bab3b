// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The micro-kernel under matrix products and convolutions: a tile of rows times 16 or 32 columns, kept in registers,
//   C[row][n] = sum over blocks b, taps t and k < 16 of A[b*a_block + taps[t].a + row][k] * W[b*w_block + taps[t].w][k][n].
// Sixteen values of k lie side by side in A (a channel block), thirty-two columns in W (a column group), so that A is
// broadcast from one cache line a row and W is streamed. A matrix product is the case of one tap; a convolution has one
// tap for each weight that a pixel meets.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace keima {

inline constexpr int64_t kBlock = 16;        // floats a channel block
inline constexpr int64_t kGroup = 32;        // columns a group of packed weights
inline constexpr int64_t kTapFloats = kBlock * kGroup;  // packed weights of one (input block, tap, column group)

// Offsets in floats from the tile's A and W.
struct Tap {
  int64_t a;
  int64_t w;
};

// All strides are in floats.
struct TileCall {
  const float* a = nullptr;  // row (y, x) of the tile starts at a + y*a_row + x*16
  int64_t a_row = 0;
  int64_t a_block = 0;
  const float* w = nullptr;
  int64_t w_block = 0;
  const Tap* taps = nullptr;
  int64_t tap_count = 0;
  int64_t blocks = 0;

  float* c = nullptr;  // row (y, x) goes to c + y*c_row + x*c_column; columns 16.. of it lie c_block further on
  int64_t c_row = 0;
  int64_t c_column = kBlock;
  int64_t c_block = kBlock;

  bool accumulate = false;          // start from what c holds
  const float* bias = nullptr;      // a float a column, added at the end
  const float* residual = nullptr;  // laid out as c, added after the bias
  bool clamp = false;               // at last, to [lowest, highest]; NaN passes
  float lowest = 0;
  float highest = 0;

  const float* prefetch = nullptr;  // an eighth of the next group's weights is fetched from here in passing
};

using TileFunction = void (*)(const TileCall&);

}  // namespace keima
