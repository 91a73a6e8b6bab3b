// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Roots, exponentials and logarithms.
#pragma once

#include "kernels/elementwise/bodies/arithmetic.h"
#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
KEIMA_INLINE V sqrt(V a) {
  return KEIMA_ISA::sqrt(a);
}
template <class V>
KEIMA_INLINE V rsqrt(V a) {
  return 1.F / KEIMA_ISA::sqrt(a);
}
template <class V>
KEIMA_INLINE V reciprocal(V a) {
  return 1.F / a;
}
template <class V>
KEIMA_INLINE V exp(V a) {
  return KEIMA_ISA::exp(a);
}
template <class V>
KEIMA_INLINE V expm1(V a) {
  return KEIMA_ISA::expm1(a);
}
template <class V>
KEIMA_INLINE V log(V a) {
  return KEIMA_ISA::log(a);
}
template <class V>
KEIMA_INLINE V log1p(V a) {
  return KEIMA_ISA::log1p(a);
}
// log(e^a + e^b)
template <class V>
KEIMA_INLINE V logaddexp(V a, V b) {
  const V distance = a == b ? V{} : KEIMA_ISA::abs(a - b);  // infinity minus itself would be NaN
  return maximum(a, b) + KEIMA_ISA::log1p(KEIMA_ISA::exp(-distance));
}

using Exponential = Operations<
    KEIMA_OPERATION(sqrt, 1, Float, Same),
    KEIMA_OPERATION(rsqrt, 1, Float, Same),
    KEIMA_OPERATION(reciprocal, 1, Float, Same),
    KEIMA_OPERATION(exp, 1, Float, Same),
    KEIMA_OPERATION(expm1, 1, Float, Same),
    KEIMA_OPERATION(log, 1, Float, Same),
    KEIMA_OPERATION(log1p, 1, Float, Same),
    KEIMA_OPERATION(logaddexp, 2, Float, Same)>;

}  // namespace keima::KEIMA_ISA::op
