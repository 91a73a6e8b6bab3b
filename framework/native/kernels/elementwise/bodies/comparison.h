// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Comparisons and logic: 0 or 1. Any value but zero, NaN too, counts as true.
#pragma once

#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class M>
KEIMA_INLINE auto truth(M mask) {
  return -mask;
}
template <class V>
KEIMA_INLINE auto equal(V a, V b) {
  return truth(a == b);
}
template <class V>
KEIMA_INLINE auto not_equal(V a, V b) {
  return truth(a != b);
}
template <class V>
KEIMA_INLINE auto less(V a, V b) {
  return truth(a < b);
}
template <class V>
KEIMA_INLINE auto less_equal(V a, V b) {
  return truth(a <= b);
}
template <class V>
KEIMA_INLINE auto greater(V a, V b) {
  return truth(a > b);
}
template <class V>
KEIMA_INLINE auto greater_equal(V a, V b) {
  return truth(a >= b);
}
template <class V>
KEIMA_INLINE auto isnan(V a) {
  return truth(a != a);
}
template <class V>
KEIMA_INLINE auto isinf(V a) {
  if constexpr (is_int<V>) return V{};
  if constexpr (!is_int<V>) return truth(KEIMA_ISA::abs(a) == kInfinity);
}
template <class V>
KEIMA_INLINE auto logical_and(V a, V b) {
  return truth((a != 0) & (b != 0));
}
template <class V>
KEIMA_INLINE auto logical_or(V a, V b) {
  return truth((a != 0) | (b != 0));
}
template <class V>
KEIMA_INLINE auto logical_xor(V a, V b) {
  return truth((a != 0) ^ (b != 0));
}
template <class V>
KEIMA_INLINE auto logical_not(V a) {
  return truth(a == 0);
}

using Comparison = Operations<
    KEIMA_OPERATION(equal, 2, Number, Mask),
    KEIMA_OPERATION(not_equal, 2, Number, Mask),
    KEIMA_OPERATION(less, 2, Number, Mask),
    KEIMA_OPERATION(less_equal, 2, Number, Mask),
    KEIMA_OPERATION(greater, 2, Number, Mask),
    KEIMA_OPERATION(greater_equal, 2, Number, Mask),
    KEIMA_OPERATION(isnan, 1, Number, Mask),
    KEIMA_OPERATION(isinf, 1, Number, Mask),
    KEIMA_OPERATION(logical_and, 2, Number, Mask),
    KEIMA_OPERATION(logical_or, 2, Number, Mask),
    KEIMA_OPERATION(logical_xor, 2, Number, Mask),
    KEIMA_OPERATION(logical_not, 1, Number, Mask)>;

}  // namespace keima::KEIMA_ISA::op
