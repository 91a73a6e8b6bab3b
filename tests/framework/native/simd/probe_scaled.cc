// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Compiled once for each instruction set; see probe_scaled.h.
#include "probe_scaled.h"

#include "simd/memory.h"
#include "simd/scaled.h"

namespace keima::KEIMA_ISA {
namespace {

template <int width>
void add(const float* sums, const float* v, const float* scale, float* out) {
  store(out, add_scaled(load<width>(sums), load<width>(v), scale));
}

template <int row>
void add_in_row(const float* sums, const float* v, const float* scale, float* out) {
  store(out, add_scaled_in_row(row, load<kLanes>(sums), load<kLanes>(v), scale));
}

}  // namespace

const ScaledProbe& scaled_probe() {
  constexpr bool fused = kLanes == 16;  // AVX-512's own form; elsewhere it is the compiler's choice
  static constexpr ScaledProbe probe{{{add<kLanes>, kLanes, fused},
                                      {add<kLanes / 2>, kLanes / 2, false},
                                      {add_in_row<0>, kLanes, false},
                                      {add_in_row<1>, kLanes, fused}}};
  return probe;
}

}  // namespace keima::KEIMA_ISA
