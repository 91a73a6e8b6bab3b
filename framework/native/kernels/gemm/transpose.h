// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// 16x16 blocks of floats, transposed in registers or moved with zeros for what lies outside a matrix.
#pragma once

#include "kernels/gemm/repeat.h"
#include "kernels/gemm/tile.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {

template <int... values>
struct Indices {};
#if defined(__clang__)
template <class, int... values>
struct IndicesOf {
  using type = Indices<values...>;
};
template <int count>
using IndicesTo = typename __make_integer_seq<IndicesOf, int, count>::type;
#else
template <int count>
using IndicesTo = Indices<__integer_pack(count)...>;
#endif

// Exchanges the off-diagonal step x step blocks of every 2*step square: log2(lanes) such stages transpose.
template <int step, int... j>
KEIMA_INLINE void exchange(Vec<float, kLanes>& x, Vec<float, kLanes>& y, Indices<j...>) {
  const Vec<float, kLanes> low = __builtin_shufflevector(x, y, ((j & step) ? kLanes + j - step : j)...);
  y = __builtin_shufflevector(x, y, ((j & step) ? kLanes + j : j + step)...);
  x = low;
}

template <int step>
KEIMA_INLINE void transpose_stages(Vec<float, kLanes> (&rows)[kLanes]) {
  if constexpr (step < kLanes) {
    repeat<kLanes>([&](int i) __attribute__((always_inline)) {
      if ((i & step) == 0) exchange<step>(rows[i], rows[i + step], IndicesTo<kLanes>());
    });
    transpose_stages<step * 2>(rows);
  }
}

// to_row(j)[i] = from_row(i)[j] for i, j < 16; the rows may lie anywhere.
template <class FromRow, class ToRow>
KEIMA_INLINE void transpose_rows(const FromRow& from_row, const ToRow& to_row) {
  for (int64_t i = 0; i < kBlock; i += kLanes)
    for (int64_t j = 0; j < kBlock; j += kLanes) {
      Vec<float, kLanes> rows[kLanes];
      repeat<kLanes>([&](int r) __attribute__((always_inline)) { rows[r] = load<kLanes>(from_row(i + r) + j); });
      transpose_stages<1>(rows);
      repeat<kLanes>([&](int r) __attribute__((always_inline)) { store(to_row(j + r) + i, rows[r]); });
    }
}

// to[j*to_stride + i] = from[i*from_stride + j] for i, j < 16.
inline void transpose_block(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  transpose_rows([&](int64_t i) { return from + i * from_stride; }, [&](int64_t j) { return to + j * to_stride; });
}

// The same for a block of which only `rows` x `columns` of `from` exist; the rest of the 16x16 in `to` becomes zero.
inline void transpose_block(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
                            int64_t to_stride) {
  if (rows >= kBlock && columns >= kBlock) return transpose_block(from, from_stride, to, to_stride);
  using V = Vec<float, kLanes>;
  for (int64_t i = 0; i < kBlock; i += kLanes)
    for (int64_t j = 0; j < kBlock; j += kLanes) {
      const int64_t there = columns - j;
      V block[kLanes];
      repeat<kLanes>([&](int r) __attribute__((always_inline)) {
        const float* row = from + (i + r) * from_stride + j;
        if (i + r >= rows || there <= 0) block[r] = V{};
        else block[r] = there >= kLanes ? load<kLanes>(row) : load_partial<kLanes>(row, static_cast<int>(there));
      });
      transpose_stages<1>(block);
      repeat<kLanes>([&](int r) __attribute__((always_inline)) { store(to + (j + r) * to_stride + i, block[r]); });
    }
}

// to[0..count) = from[0..valid), then zeros; count is a multiple of 16.
KEIMA_INLINE void copy_padded(const float* from, int64_t valid, float* to, int64_t count) {
  using V = Vec<float, kLanes>;
  int64_t i = 0;
  for (; i + kLanes <= valid; i += kLanes) store(to + i, load<kLanes>(from + i));
  if (i < valid) {
    store(to + i, load_partial<kLanes>(from + i, static_cast<int>(valid - i)));
    i += kLanes;
  }
  for (; i < count; i += kLanes) store(to + i, V{});
}

}  // namespace keima::KEIMA_ISA
