// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What attention and its gradient do with a group of 32 queries: their scores stand as [keys][32], which is how a product wants
// its right operand, and in which the sums over keys are sums of vectors.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/gemm/panels.h"
#include "simd/math.h"

namespace keima::KEIMA_ISA {

// C[rows of the panels, columns] (+)= A * B, for B packed by groups of 32 columns that lie `group_floats` apart. Rows of C are
// `c_stride` apart.
inline void multiply_panels(const Panels& a, const float* packed, int64_t group_floats, int64_t columns, float* c, int64_t c_stride, bool accumulate,
                            float* edge) {
  TileCall call;
  call.blocks = a.depth / kBlock;
  call.c_column = c_stride;
  for (int64_t n = 0; n < columns; n += kTileColumns) {
    call.w = packed + n / kGroup * group_floats + n % kGroup;
    call.c = c + n;
    call.start = accumulate ? call.c : nullptr;
    multiply_columns(a, call, least(columns - n, kTileColumns), edge);
  }
}

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns; blocks of 16x16 of `from` may be read.
inline void store_transposed(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t to_stride) {
  for (int64_t i = 0; i < rows; i += kBlock)
    for (int64_t j = 0; j < columns; j += kBlock) {
      const float* block = from + i * from_stride + j;
      float* place = to + j * to_stride + i;
      if (rows - i >= kBlock && columns - j >= kBlock) {
        transpose_block(block, from_stride, place, to_stride);
        continue;
      }
      float square[kBlock * kBlock];
      transpose_block(block, from_stride, rows - i, kBlock, square, kBlock);
      for (int64_t q = 0; q < least(columns - j, kBlock); ++q)
        memcpy(place + q * to_stride, square + q * kBlock, static_cast<size_t>(least(rows - i, kBlock)) * sizeof(float));
    }
}

// As many of these hold a key's scores for 16 queries.
using QueryVector = Vec<float, kLanes>;
inline constexpr int kBlockVectors = static_cast<int>(kBlock) / kLanes;

// Scores to e^(score - the query's largest), and 1 / their sum over the keys.
template <int vectors>
inline void exponentials(float* scores, int64_t keys, float* inverse_sums) {
  QueryVector most[vectors], sum[vectors];
  repeat<vectors>([&](int v) __attribute__((always_inline)) {
    most[v] = splat<QueryVector>(-kInfinity);
    sum[v] = QueryVector{};
  });
  for (int64_t key = 0; key < keys; ++key)
    repeat<vectors>([&](int v) __attribute__((always_inline)) { most[v] = maximum(most[v], load<kLanes>(scores + key * kGroup + v * kLanes)); });
  for (int64_t key = 0; key < keys; ++key)
    repeat<vectors>([&](int v) __attribute__((always_inline)) {
      float* at = scores + key * kGroup + v * kLanes;
      const QueryVector e = exp(load<kLanes>(at) - most[v]);
      store(at, e);
      sum[v] += e;
    });
  repeat<vectors>([&](int v) __attribute__((always_inline)) { store(inverse_sums + v * kLanes, 1.F / sum[v]); });
}

// The same for 16 or 32 columns; rows behind the last key, up to `padded`, become zeros.
inline void weigh(float* scores, int64_t columns, int64_t keys, int64_t padded, float* inverse_sums) {
  if (columns > kBlock) exponentials<2 * kBlockVectors>(scores, keys, inverse_sums);
  else exponentials<kBlockVectors>(scores, keys, inverse_sums);
  for (int64_t i = keys * kGroup; i < padded * kGroup; i += kLanes) store(scores + i, QueryVector{});
}

inline MatrixView head_of(const HeadMatrices& m, int64_t outer, int64_t inner, bool transposed) {
  return {m.data + outer * m.outer_stride + inner * m.inner_stride, m.stride, transposed};
}

// Hands out parts of a slice's scratch in the same order as they are counted.
class ScratchParts {
 public:
  explicit ScratchParts(float* scratch) : scratch_(scratch) {}
  float* take(int64_t floats) {
    float* part = scratch_ + taken_;
    taken_ += round_up(floats, kBlock);
    return part;
  }
  int64_t taken() const { return taken_; }

 private:
  float* scratch_;
  int64_t taken_ = 0;
};

}  // namespace keima::KEIMA_ISA
