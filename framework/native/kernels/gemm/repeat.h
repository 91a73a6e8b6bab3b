// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Loops of a fixed length that must be unrolled, so that arrays of vectors they index become registers.
#pragma once

#include "simd/isa.h"

namespace keima::KEIMA_ISA {

// Not under a sanitizer: its checks multiply with the copies, and one file of tiles took GCC 12 eight minutes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kUnrolled = 1;
#else
inline constexpr int kUnrolled = 32;
#endif

// step(0), ..., step(count - 1). The pragma must not be below the extent, or the accumulators move to memory
// (measured: 110 to 37 GFLOP/s).
template <int count, class Step>
KEIMA_INLINE void repeat(const Step& step) {
  static_assert(count <= 32);
#pragma GCC unroll kUnrolled
  for (int i = 0; i < count; ++i) step(i);
}

}  // namespace keima::KEIMA_ISA
