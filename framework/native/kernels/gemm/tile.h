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
  int64_t absent = 0;  // k's of the last block that do not exist, a multiple of 4; only tiles of panels leave them out

  float* c = nullptr;  // row (y, x) goes to c + y*c_row + x*c_column; columns 16.. of it lie c_block further on
  int64_t c_row = 0;
  int64_t c_column = kBlock;
  int64_t c_block = kBlock;

  const float* start = nullptr;     // laid out as c and perhaps c itself: what the sums start from; null: zeros
  const float* bias = nullptr;      // a float a column, added at the end
  const float* residual = nullptr;  // laid out as c, added after the bias
  bool clamp = false;               // at last, to [lowest, highest]; NaN passes
  float lowest = 0;
  float highest = 0;

  const float* prefetch = nullptr;  // what comes next is fetched from here in passing, into the second cache:
  int64_t prefetch_lines = 1;       // lines of 64 bytes for every 4 k's, which read 8 lines of W
};

using TileFunction = void (*)(const TileCall&);

// Fetches the next group's weights while this group's are used, in as many of its tiles as there are, at most eight.
class Prefetch {
 public:
  Prefetch() = default;
  // `floats` from `next` on, null for none, in passing through `tiles` tiles.
  Prefetch(const float* next, int64_t floats, int64_t tiles)
      : next_(next), lines_(tiles >= 8 ? 1 : tiles >= 4 ? 2 : tiles >= 2 ? 4 : 8), step_(floats * lines_ / 8), left_(next != nullptr ? floats : 0) {}
  void set(TileCall& call) {
    call.prefetch = left_ > 0 ? next_ : nullptr;
    call.prefetch_lines = lines_;
    if (left_ <= 0) return;
    next_ += step_;
    left_ -= step_;
  }

 private:
  const float* next_ = nullptr;
  int64_t lines_ = 1;
  int64_t step_ = 0;
  int64_t left_ = 0;
};

}  // namespace keima
