// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Horner's rule on vectors.
#pragma once

#include "simd/vec.h"

namespace keima::KEIMA_ISA {

// c0 + c1 x + c2 x^2 + ..., coefficients from the constant term up.
template <class V, class C>
KEIMA_INLINE V polynomial(V, C c0) {
  return splat<V>(c0);
}
template <class V, class C, class... Rest>
KEIMA_INLINE V polynomial(V x, C c0, Rest... rest) {
  return fma(polynomial(x, rest...), x, splat<V>(c0));
}

}  // namespace keima::KEIMA_ISA
