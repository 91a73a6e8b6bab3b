// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Functions that few networks use, computed in double and rounded to float once: short, and right to the last place or
// nearly, at two to three times the cost of float. Accuracy is tested as for simd/math.h.
#pragma once

#include "simd/math.h"

namespace keima::KEIMA_ISA {

// On double vectors, right to about 1e-14; enough that the float result is.
namespace wide {

inline constexpr double kMagic = 0x1.8p52;

// |x| beyond 700 is capped: far outside what float can hold.
template <class D>
KEIMA_INLINE D exp(D x) {
  using I = With<int64_t, D>;
  x = x > 700. ? splat<D>(700.) : x;
  x = x < -700. ? splat<D>(-700.) : x;
  const D rounded = x * 0x1.71547652b82fep0 + kMagic;
  const D n = rounded - kMagic;
  const D r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
  // Taylor's series: |r| <= 0.3466 makes the first term left out 6e-15.
  const D p = polynomial(r, 1., 1., 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880,
                         1. / 3628800, 1. / 39916800);
  const I k = bit_cast<I>(rounded) - bit_cast<I>(splat<D>(kMagic));
  return p * bit_cast<D>((k + 1023) << 52);
}

// For finite positive normal x. log m = 2 artanh((m - 1) / (m + 1)) with m in [sqrt(1/2), sqrt(2)).
template <class D>
KEIMA_INLINE D log(D x) {
  using U = With<uint64_t, D>;
  const U bits = bit_cast<U>(x);
  const U biased = (bits - 0x3fe6a09e667f3bcdULL + (1023ULL << 52)) >> 52;
  const D m = bit_cast<D>(bits - ((biased - 1023ULL) << 52));
  // An integer below 2^52 becomes a double by taking it for a mantissa.
  const D k = bit_cast<D>(biased | 0x4330000000000000ULL) - (0x1p52 + 1023.);
  const D s = (m - 1.) / (m + 1.);
  const D s2 = s * s;
  const D p = polynomial(s2, 2., 2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13, 2. / 15, 2. / 17);
  return s * p + k * 0x1.62e42fefa39efp-1;
}

// Of y / x as an angle in (-pi, pi]. Not for x and y both infinite.
template <class D>
KEIMA_INLINE D atan2(D y, D x) {
  const D ay = abs(y);
  const D ax = abs(x);
  const auto steep = ay > ax;
  const D numerator = steep ? ax : ay;
  const D denominator = steep ? ay : ax;
  // Above tan(pi/8): atan(n/d) = pi/4 + atan((n - d) / (n + d)).
  const auto upper = numerator > denominator * 0.41421356237309503;
  const D a = upper ? numerator - denominator : numerator;
  const D b = upper ? numerator + denominator : denominator;
  const D t = b == 0. ? D{} : a / b;
  // atan(t) / t in t^2 on |t| <= 0.4143
  const D p = polynomial(t * t, 0x1.fffffffffff19p-1, -0x1.55555554e9b5cp-2, 0x1.999999154a557p-3, -0x1.249229bd13608p-3,
                         0x1.c714f10bfdddbp-4, -0x1.73db34479e641p-4, 0x1.35d8827ac4f18p-4, -0x1.e17fcdf1127b3p-5,
                         0x1.f7202c6e9e655p-6);
  D angle = t * p + (upper ? splat<D>(0x1.921fb54442d18p-1) : D{});
  angle = steep ? 0x1.921fb54442d18p0 - angle : angle;
  using I = With<int64_t, D>;
  const I kSign = splat<I>(INT64_MIN);
  angle = (bit_cast<I>(x) & kSign) != 0 ? 0x1.921fb54442d18p1 - angle : angle;
  return bit_cast<D>(bit_cast<I>(angle) | (bit_cast<I>(y) & kSign));
}

// sqrt(1 - x^2) without cancellation.
template <class D>
KEIMA_INLINE D cosine_of_sine(D x) {
  return sqrt((1. - x) * (1. + x));
}

}  // namespace wide

template <class V>
KEIMA_INLINE V atan2(V y, V x) {
  // Two infinities: only their directions count.
  const auto both = (abs(x) == kInfinity) & (abs(y) == kInfinity);
  const V one = splat<V>(1.F);
  const V fx = both ? copysign(one, x) : x;
  const V fy = both ? copysign(one, y) : y;
  const V r = convert<float>(wide::atan2(convert<double>(fy), convert<double>(fx)));
  return is_nan(x) | is_nan(y) ? splat<V>(kNaN) : r;
}
template <class V>
KEIMA_INLINE V atan(V x) {
  return atan2(x, splat<V>(1.F));
}
template <class V>
KEIMA_INLINE V asin(V x) {
  const auto d = convert<double>(x);
  const V r = convert<float>(wide::atan2(d, wide::cosine_of_sine(d)));
  return abs(x) <= 1.F ? r : splat<V>(kNaN);
}
template <class V>
KEIMA_INLINE V acos(V x) {
  const auto d = convert<double>(x);
  const V r = convert<float>(wide::atan2(wide::cosine_of_sine(d), d));
  return abs(x) <= 1.F ? r : splat<V>(kNaN);
}

// Where |x| is small, differences of near numbers are replaced by the first terms of the series.
template <class V>
KEIMA_INLINE V expm1(V x) {
  const auto d = convert<double>(x);
  const auto small = abs(d) < 1e-3;
  const auto r = small ? d + d * d * (0.5 + d * (1. / 6)) : wide::exp(d) - 1.;
  const V f = convert<float>(r);
  return (x == 0.F) | is_nan(x) ? x : f;
}
template <class V>
KEIMA_INLINE V sinh(V x) {
  const auto d = convert<double>(x);
  const auto e = wide::exp(d);
  const auto r = abs(d) < 1e-3 ? d + d * d * d * (1. / 6) : (e - 1. / e) * 0.5;
  const V f = convert<float>(r);
  return (x == 0.F) | is_nan(x) ? x : f;
}
template <class V>
KEIMA_INLINE V cosh(V x) {
  const auto e = wide::exp(convert<double>(x));
  return is_nan(x) ? x : convert<float>((e + 1. / e) * 0.5);
}
template <class V>
KEIMA_INLINE V asinh(V x) {
  const auto a = abs(convert<double>(x));
  const auto r = a < 1e-3 ? a - a * a * a * (1. / 6) : wide::log(a + sqrt(a * a + 1.));
  const V f = copysign(convert<float>(r), x);
  return (x == 0.F) | !(abs(x) < kInfinity) ? x : f;
}
template <class V>
KEIMA_INLINE V acosh(V x) {
  const auto d = convert<double>(x);
  const V f = convert<float>(wide::log(d + sqrt((d - 1.) * (d + 1.))));
  return x < 1.F ? splat<V>(kNaN) : !(x < kInfinity) ? x : f;
}
template <class V>
KEIMA_INLINE V atanh(V x) {
  const auto a = abs(convert<double>(x));
  const auto r = a < 1e-3 ? a + a * a * a * (1. / 3) : 0.5 * wide::log((1. + a) / (1. - a));
  V f = copysign(convert<float>(r), x);
  f = abs(x) == 1.F ? copysign(splat<V>(kInfinity), x) : f;
  f = x == 0.F ? x : f;
  return abs(x) <= 1.F ? f : splat<V>(kNaN);
}

// erfc(a) = e^(-a^2) times a smooth function of t = (a - 2) / (a + 2), fitted on 0 <= a <= 11; 2 - erfc(-x) for x < 0.
template <class V>
KEIMA_INLINE V erfc(V x) {
  auto a = abs(convert<double>(x));
  a = a > 11. ? splat<With<double, V>>(11.) : a;
  const auto t = (a - 2.) / (a + 2.);
  const auto p = polynomial(t, 0x1.058671b56d582p-2, -0x1.b57034f4604bp-2, 0x1.eeea7d8e360e3p-3, -0x1.437f07b6ee75dp-4,
                            0x1.e948389c5882cp-9, 0x1.ca92aff84d635p-8, -0x1.bc4c035d986fep-11, -0x1.011f460f18e5ap-10,
                            0x1.789be3be8a539p-15, 0x1.66fa4bbe6dfbcp-13, 0x1.8fe2780ea25fbp-16, -0x1.89c9b56375499p-16,
                            -0x1.194d7922d3202p-17);
  const auto tail = wide::exp(-a * a) * p;
  const auto r = convert<double>(x) < 0. ? 2. - tail : tail;
  return is_nan(x) ? x : convert<float>(r);
}

// C's pow: pow(x, 0) and pow(1, y) are 1, a negative x needs an integer y.
template <class V>
KEIMA_INLINE V pow(V x, V y) {
  const V ax = abs(x);
  const V one = splat<V>(1.F);
  const auto dx = convert<double>(ax);
  const auto huge = splat<With<double, V>>(1e300);
  auto logarithm = wide::log(dx);
  logarithm = dx == 0. ? -huge : logarithm;
  logarithm = dx > 3.5e38 ? huge : logarithm;
  V r = convert<float>(wide::exp(convert<double>(y) * logarithm));
  // exp is capped at e^700, which float reads as infinity and 0.
  r = (ax == 1.F) | (y == 0.F) ? one : r;
  const auto infinite = abs(y) == kInfinity;
  const V bounded = abs(y) < 0x1p24F ? y : V{};  // larger ones are even
  const auto odd = ((convert<int32_t>(bounded) & 1) != 0) & (rint(bounded) == bounded);
  const auto integer = (rint(y) == y) | infinite;
  const auto negative = bit_cast<With<int32_t, V>>(x) < 0;
  r = negative & odd ? -r : r;
  r = (x < 0.F) & (ax < kInfinity) & !integer ? splat<V>(kNaN) : r;
  const auto nan = (is_nan(x) & (y != 0.F)) | (is_nan(y) & (x != 1.F));
  return nan ? splat<V>(kNaN) : r;
}

}  // namespace keima::KEIMA_ISA
