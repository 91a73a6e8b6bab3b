// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The micro-kernel of the weights' gradient: sums over pixels of outer products, 16 inputs by 32 outputs.
#pragma once

#include "kernels/gemm/repeat.h"
#include "kernels/gemm/tile.h"
#include "simd/memory.h"
#include "simd/scaled.h"

namespace keima::KEIMA_ISA {

// Accumulators of one outer product: inputs by blocks of 16 outputs.
#if defined(__AVX512F__)
inline constexpr int kInputs = 8, kOuterBlocks = 2;
#elif defined(__AVX2__) || defined(__aarch64__)
inline constexpr int kInputs = 4, kOuterBlocks = 1;
#else
inline constexpr int kInputs = 2, kOuterBlocks = 1;
#endif

// Pixels as three nested runs; the innermost are 16 floats apart. Strides in floats.
struct Runs {
  int64_t count1, x1, y1;
  int64_t count2, x2, y2;
  int64_t count3;
};

template <int blocks>
[[gnu::noinline]] void outer(const float* x, const float* y, int64_t y_block, const Runs& runs, float* sums,
                             bool accumulate) {
  constexpr int kPerBlock = static_cast<int>(kBlock) / kLanes;
  constexpr int kVectors = blocks * kPerBlock;
  using V = Vec<float, kLanes>;
  V sum[kInputs][kVectors];
  repeat<kInputs>([&](int i) __attribute__((always_inline)) {
    repeat<kVectors>([&](int v) __attribute__((always_inline)) {
      sum[i][v] = accumulate ? load<kLanes>(sums + i * kGroup + v * kLanes) : V{};
    });
  });
  for (int64_t i1 = 0; i1 < runs.count1; ++i1)
    for (int64_t i2 = 0; i2 < runs.count2; ++i2) {
      const float* __restrict p = x + i1 * runs.x1 + i2 * runs.x2;
      const float* __restrict q = y + i1 * runs.y1 + i2 * runs.y2;
#pragma GCC unroll 2
      for (int64_t i3 = 0; i3 < runs.count3; ++i3, p += kBlock, q += kBlock) {
        V gradient[kVectors];
        repeat<kVectors>([&](int v) __attribute__((always_inline)) {
          gradient[v] = load<kLanes>(q + (v / kPerBlock) * y_block + (v % kPerBlock) * kLanes);
        });
        repeat<kInputs>([&](int i) __attribute__((always_inline)) {
          repeat<kVectors>([&](int v) __attribute__((always_inline)) { sum[i][v] = add_scaled_in_row(i, sum[i][v], gradient[v], p + i); });
        });
      }
    }
  repeat<kInputs>([&](int i) __attribute__((always_inline)) {
    repeat<kVectors>([&](int v) __attribute__((always_inline)) { store(sums + i * kGroup + v * kLanes, sum[i][v]); });
  });
}

// All 16 inputs by the `blocks` existing blocks of an output group; sums is [16][32].
inline void outer_block(const float* x, const float* y, int64_t y_block, int64_t blocks, const Runs& runs, float* sums,
                 bool accumulate) {
  for (int64_t b = 0; b < blocks; b += kOuterBlocks)
    for (int64_t i = 0; i < kBlock; i += kInputs) {
      float* to = sums + i * kGroup + b * kBlock;
      if (kOuterBlocks == 2 && blocks - b >= 2) {
        outer<kOuterBlocks>(x + i, y + b * y_block, y_block, runs, to, accumulate);
      } else {
        outer<1>(x + i, y + b * y_block, y_block, runs, to, accumulate);
      }
    }
}

}  // namespace keima::KEIMA_ISA
