// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Shifts. Counts outside 0..31 give what the shift by them would leave: 0, or the sign.
#pragma once

#include "kernels/elementwise/bodies/arithmetic.h"
#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
KEIMA_INLINE V left_shift(V a, V b) {
  const V count = b & 31;
  return b == count ? bit_cast<V>(wrapping(a) << wrapping(count)) : V{};
}
template <class V>
KEIMA_INLINE V right_shift(V a, V b) {
  return a >> (b == (b & 31) ? b : V{} + 31);
}

using Bits = Operations<
    KEIMA_OPERATION(left_shift, 2, Int, Same),
    KEIMA_OPERATION(right_shift, 2, Int, Same)>;

}  // namespace keima::KEIMA_ISA::op
