// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Sums, products, quotients, and what compares numbers to choose one. Integer arithmetic wraps.
#pragma once

#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

// The same lanes unsigned, where overflow is defined.
template <class V>
KEIMA_INLINE auto wrapping(V v) {
  if constexpr (is_int<V>) return bit_cast<With<uint32_t, V>>(v);
  else return v;
}

template <class V>
KEIMA_INLINE V identity(V a) {
  return a;
}
template <class V>
KEIMA_INLINE V add(V a, V b) {
  return bit_cast<V>(wrapping(a) + wrapping(b));
}
template <class V>
KEIMA_INLINE V sub(V a, V b) {
  return bit_cast<V>(wrapping(a) - wrapping(b));
}
template <class V>
KEIMA_INLINE V mul(V a, V b) {
  return bit_cast<V>(wrapping(a) * wrapping(b));
}
template <class V>
KEIMA_INLINE V div(V a, V b) {
  return a / b;
}
template <class V>
KEIMA_INLINE V neg(V a) {
  return bit_cast<V>(-wrapping(a));
}
// Quotient towards zero of integers; 0 where b is 0. Through double, which holds quotients of int32 apart: a non-integer
// one is at least 2^-31 (relatively) from an integer.
template <class V>
KEIMA_INLINE V truncated_quotient(V a, V b) {
  const V divisor = b == 0 ? V{} + 1 : b;
  const V q = convert<int32_t>(convert<double>(divisor == -1 ? V{} : a) / convert<double>(divisor));
  return b == 0 ? V{} : (divisor == -1 ? neg(a) : q);
}

// Towards minus infinity.
template <class V>
KEIMA_INLINE V floor_div(V a, V b) {
  if constexpr (is_int<V>) {
    const V q = truncated_quotient(a, b);
    const V rest = sub(a, mul(q, b));
    return q + ((rest != 0) & ((rest ^ b) < 0) & (b != 0));  // a mask is -1
  } else {
    return KEIMA_ISA::floor(a / b);
  }
}

// C's fmod of one pair, by long division: for quotients too long for a double.
inline float fmod_long(float a, float b) {
  double x = a < 0 ? -static_cast<double>(a) : a;
  const double y = b < 0 ? -static_cast<double>(b) : b;
  if (!(x < static_cast<double>(kInfinity)) || !(y > 0)) return kNaN;
  while (x >= y) {
    // The largest y 2^k not above x, from the exponents; subtracting it is exact.
    uint64_t xb, yb;
    memcpy(&xb, &x, 8);
    memcpy(&yb, &y, 8);
    const uint64_t scaled_bits = yb + (((xb >> 52) - (yb >> 52)) << 52);
    double scaled;
    memcpy(&scaled, &scaled_bits, 8);
    x -= scaled <= x ? scaled : scaled / 2;
  }
  return static_cast<float>(a < 0 ? -x : x);
}

// Integers: the sign of b, so that a = floor_div(a, b) b + mod(a, b); 0 where b is 0. Floats: C's fmod, the sign
// of a. (So does MegEngine.)
template <class V>
KEIMA_INLINE V mod(V a, V b) {
  if constexpr (is_int<V>) {
    return b == 0 ? V{} : sub(a, mul(floor_div(a, b), b));
  } else {
    const auto x = convert<double>(KEIMA_ISA::abs(a));
    const auto y = convert<double>(KEIMA_ISA::abs(b));
    const auto ratio = x / y;
    // With a quotient below 2^29 the product has at most 53 bits. Rounding may have made it one too large.
    const auto bounded = ratio < 0x1p29 ? ratio : decltype(ratio){};
    auto q = (bounded + 0x1p52) - 0x1p52;
    q = q > bounded ? q - 1. : q;
    auto rest = x - q * y;
    rest = rest < 0. ? rest + y : rest;
    V r = copysign(convert<float>(rest), a);
    const auto special = !(convert<float>(ratio) < 0x1p29F);
    if (__builtin_expect(any(special), 0)) {
      for (int i = 0; i < lanes<V>; ++i)
        if (special[i] != 0) r[i] = is_nan(a)[i] || is_nan(b)[i] ? kNaN : fmod_long(a[i], b[i]);
    }
    return (KEIMA_ISA::abs(b) == kInfinity) & (KEIMA_ISA::abs(a) < kInfinity) ? a : r;
  }
}

template <class V>
KEIMA_INLINE V pow(V a, V b) {
  return KEIMA_ISA::pow(a, b);
}
template <class V>
KEIMA_INLINE V maximum(V a, V b) {
  return KEIMA_ISA::maximum(a, b);
}
template <class V>
KEIMA_INLINE V minimum(V a, V b) {
  return KEIMA_ISA::minimum(a, b);
}
template <class V>
KEIMA_INLINE V abs(V a) {
  if constexpr (is_int<V>) return a < 0 ? neg(a) : a;
  if constexpr (!is_int<V>) return KEIMA_ISA::abs(a);
}
// -1, 0 or 1; 0 for NaN.
template <class V>
KEIMA_INLINE V sign(V a) {
  const V one = V{} + Lane<V>(1);
  return a > 0 ? one : (a < 0 ? -one : V{});
}

template <class V>
KEIMA_INLINE V square(V a) {
  return mul(a, a);
}
// b where a is not 0, else c.
template <class V>
KEIMA_INLINE V where(V a, V b, V c) {
  return a != 0 ? b : c;
}

using Arithmetic = Operations<
    KEIMA_OPERATION(identity, 1, Number, Same),
    KEIMA_OPERATION(add, 2, Number, Same),
    KEIMA_OPERATION(sub, 2, Number, Same),
    KEIMA_OPERATION(mul, 2, Number, Same),
    KEIMA_OPERATION(div, 2, Float, Same),
    KEIMA_OPERATION(neg, 1, Number, Same),
    KEIMA_OPERATION(floor_div, 2, Number, Same),
    KEIMA_OPERATION(mod, 2, Number, Same),
    KEIMA_OPERATION(pow, 2, Float, Same),
    KEIMA_OPERATION(maximum, 2, Number, Same),
    KEIMA_OPERATION(minimum, 2, Number, Same),
    KEIMA_OPERATION(abs, 1, Number, Same),
    KEIMA_OPERATION(sign, 1, Number, Same),
    KEIMA_OPERATION(square, 1, Number, Same),
    KEIMA_OPERATION(where, 3, Choice, Same)>;

}  // namespace keima::KEIMA_ISA::op
