// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Rounding to integers, which integers are already.
#pragma once

#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
KEIMA_INLINE V floor(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return KEIMA_ISA::floor(a);
}
template <class V>
KEIMA_INLINE V ceil(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return KEIMA_ISA::ceil(a);
}
// Halves away from zero. The largest float below 0.5 is added: 0.5 itself would carry 0.49999997 up to 1.
template <class V>
KEIMA_INLINE V round(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return KEIMA_ISA::copysign(KEIMA_ISA::trunc(a + copysign(splat<V>(0x1.fffffep-2F), a)), a);
}

using Rounding = Operations<
    KEIMA_OPERATION(floor, 1, Number, Same),
    KEIMA_OPERATION(ceil, 1, Number, Same),
    KEIMA_OPERATION(round, 1, Number, Same)>;

}  // namespace keima::KEIMA_ISA::op
