// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Trigonometric and hyperbolic functions, and the error function.
#pragma once

#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
KEIMA_INLINE V sin(V a) {
  return KEIMA_ISA::sin(a);
}
template <class V>
KEIMA_INLINE V cos(V a) {
  return KEIMA_ISA::cos(a);
}
template <class V>
KEIMA_INLINE V tan(V a) {
  return KEIMA_ISA::tan(a);
}
template <class V>
KEIMA_INLINE V asin(V a) {
  return KEIMA_ISA::asin(a);
}
template <class V>
KEIMA_INLINE V acos(V a) {
  return KEIMA_ISA::acos(a);
}
template <class V>
KEIMA_INLINE V atan(V a) {
  return KEIMA_ISA::atan(a);
}
template <class V>
KEIMA_INLINE V atan2(V y, V x) {
  return KEIMA_ISA::atan2(y, x);
}
template <class V>
KEIMA_INLINE V sinh(V a) {
  return KEIMA_ISA::sinh(a);
}
template <class V>
KEIMA_INLINE V cosh(V a) {
  return KEIMA_ISA::cosh(a);
}
template <class V>
KEIMA_INLINE V tanh(V a) {
  return KEIMA_ISA::tanh(a);
}
template <class V>
KEIMA_INLINE V asinh(V a) {
  return KEIMA_ISA::asinh(a);
}
template <class V>
KEIMA_INLINE V acosh(V a) {
  return KEIMA_ISA::acosh(a);
}
template <class V>
KEIMA_INLINE V atanh(V a) {
  return KEIMA_ISA::atanh(a);
}
template <class V>
KEIMA_INLINE V erf(V a) {
  return KEIMA_ISA::erf(a);
}
template <class V>
KEIMA_INLINE V erfc(V a) {
  return KEIMA_ISA::erfc(a);
}

using Trigonometric = Operations<
    KEIMA_OPERATION(sin, 1, Float, Same),
    KEIMA_OPERATION(cos, 1, Float, Same),
    KEIMA_OPERATION(tan, 1, Float, Same),
    KEIMA_OPERATION(asin, 1, Float, Same),
    KEIMA_OPERATION(acos, 1, Float, Same),
    KEIMA_OPERATION(atan, 1, Float, Same),
    KEIMA_OPERATION(atan2, 2, Float, Same),
    KEIMA_OPERATION(sinh, 1, Float, Same),
    KEIMA_OPERATION(cosh, 1, Float, Same),
    KEIMA_OPERATION(tanh, 1, Float, Same),
    KEIMA_OPERATION(asinh, 1, Float, Same),
    KEIMA_OPERATION(acosh, 1, Float, Same),
    KEIMA_OPERATION(atanh, 1, Float, Same),
    KEIMA_OPERATION(erf, 1, Float, Same),
    KEIMA_OPERATION(erfc, 1, Float, Same)>;

}  // namespace keima::KEIMA_ISA::op
