// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Long sums in float lanes that keep their digits.
#pragma once

#include "simd/vec.h"

namespace keima::KEIMA_ISA {

// Adds vectors in two levels: runs of 64 go to a second accumulator, so that the rounding error of n terms grows with
// 64 + n / 64 instead of n.
template <class V>
class TwoLevelSum {
 public:
  KEIMA_INLINE void add(V v) {
    run_ += v;
    if (++count_ < 64) return;
    total_ += run_;
    run_ = V{};
    count_ = 0;
  }
  KEIMA_INLINE V value() const { return total_ + run_; }

 private:
  V run_{};
  V total_{};
  int count_ = 0;
};

}  // namespace keima::KEIMA_ISA
