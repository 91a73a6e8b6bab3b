// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Functions on float vectors, for every value: infinities, NaN and subnormals give what IEEE 754 and C say. The largest
// error in units of the last place is tested for each (tests/framework/native/simd/test_math.cc states the bounds). Those that networks
// spend time in (exp, log, log1p, tanh, sigmoid, erf, sin, cos) compute in float; the rest (simd/math_rare.h) in double.
// Polynomials are minimax fits made with Sollya's fpminimax; the interval stands beside each.
#pragma once

#include "simd/polynomial.h"
#include "simd/vec.h"

namespace keima::KEIMA_ISA {

inline constexpr float kInfinity = __builtin_inff();
inline constexpr float kNaN = __builtin_nanf("");
// Adding and subtracting 1.5 * 2^23 rounds |x| < 2^22 to the nearest integer, which then is in the sum's low bits.
inline constexpr float kRoundMagic = 12582912.F;

// 2^k for integer lanes, -126 <= k <= 127.
template <class I>
KEIMA_INLINE With<float, I> power_of_two(I k) {
  return bit_cast<With<float, I>>((k + 127) << 23);
}

// x = n ln2 + r, |r| <= ln2 / 2, e^x = 2^n e^r. ln2 is split in two so that n times the first part is exact.
template <class V>
KEIMA_INLINE V exp(V x) {
  using I = With<int32_t, V>;
  // Beyond these the result is infinity or 0; the second argument decides for NaN.
  x = max_ordered(splat<V>(-104.F), min_ordered(splat<V>(89.F), x));
  const V rounded = fma(x, splat<V>(0x1.715476p0F), splat<V>(kRoundMagic));
  const V n = rounded - kRoundMagic;
  V r = fma(n, splat<V>(-0.693359375F), x);
  r = fma(n, splat<V>(2.12194440e-4F), r);
  // (e^r - 1 - r) / r^2 on |r| <= 0.3467
  const V p = polynomial(r, 0x1p-1F, 0x1.5554dcp-3F, 0x1.5554e8p-5F, 0x1.120c18p-7F, 0x1.6d4e66p-10F);
  const V e = fma(p, r * r, r) + 1.F;
  const I k = bit_cast<I>(rounded) - bit_cast<I>(splat<V>(kRoundMagic));
  // In two steps: 2^k alone would overflow at 128 and is subnormal below -126.
  const I half = k >> 1;
  return e * power_of_two(half) * power_of_two(k - half);
}

// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)).
template <class V>
KEIMA_INLINE V log(V x) {
  using I = With<int32_t, V>;
  using U = With<uint32_t, V>;
  const I subnormal = x < 0x1p-126F;
  // Unsigned, since the bits of negative numbers, whose result is discarded, would overflow.
  const U bits = bit_cast<U>(subnormal ? x * 0x1p25F : x);
  const I k = bit_cast<I>(bits - 0x3f3504f3U) >> 23;
  const V f = bit_cast<V>(bits - (bit_cast<U>(k) << 23)) - 1.F;
  const V exponent = convert<float>(subnormal ? k - 25 : k);
  const V f2 = f * f;
  // (log(1 + f) - f + f^2 / 2) / f^3 on -0.2930 <= f <= 0.4143
  V r = polynomial(f, 0x1.555554p-2F, -0x1.ffffe6p-3F, 0x1.999d2cp-3F, -0x1.55628cp-3F, 0x1.23ddf4p-3F, -0x1.fbbddp-4F,
                   0x1.dc7adp-4F, -0x1.ddc016p-4F, 0x1.2cb776p-4F);
  r = r * f * f2;
  r = fma(exponent, splat<V>(-2.12194440e-4F), r);
  r = fma(f2, splat<V>(-0.5F), r) + f;
  r = fma(exponent, splat<V>(0.693359375F), r);
  r = x == kInfinity ? x : r;
  r = x == 0.F ? splat<V>(-kInfinity) : r;
  return (x < 0.F) | is_nan(x) ? splat<V>(kNaN) : r;
}

// log(1 + x). With u = fl(1 + x), the part of x lost in that rounding is put back by its first-order effect.
template <class V>
KEIMA_INLINE V log1p(V x) {
  const V u = x + 1.F;
  const V lost = x - (u - 1.F);
  const V r = log(u);
  const V corrected = (u > 0.F) & (u < kInfinity) ? r + lost / u : r;
  return x == 0.F ? x : corrected;  // keeps -0
}

template <class V>
KEIMA_INLINE V tanh(V x) {
  const V a = abs(x);
  // Capped where the result is 1 already, so that exp stays finite; a NaN stays.
  const V e = exp(min_ordered(splat<V>(20.F), a + a));
  const V large = 1.F - 2.F / (e + 1.F);
  const V x2 = x * x;
  // (tanh(x) / x - 1) / x^2 in x^2 on |x| <= 0.63
  const V p = polynomial(x2, -0x1.555556p-2F, 0x1.111136p-3F, -0x1.ba193ep-5F, 0x1.65608p-6F, -0x1.14df3p-7F, 0x1.389e68p-9F);
  const V small = fma(p * x2, a, a);
  return copysign(a < 0.625F ? small : large, x);
}

// 1 / (1 + e^-x), from e^-|x| so that nothing overflows and small results keep their digits.
template <class V>
KEIMA_INLINE V sigmoid(V x) {
  const V e = exp(-abs(x));
  return (x < 0.F ? e : splat<V>(1.F)) / (e + 1.F);
}

// log(1 + e^x)
template <class V>
KEIMA_INLINE V softplus(V x) {
  return max_ordered(V{}, x) + log1p(exp(-abs(x)));
}

template <class V>
KEIMA_INLINE V erf(V x) {
  const V a = abs(x);
  const V x2 = x * x;
  // erf(x) / x - 1 in x^2 on |x| <= 1
  const V p = polynomial(x2, 0x1.06eba8p-3F, -0x1.8127d4p-2F, 0x1.ce4648p-4F, -0x1.b9db28p-6F, 0x1.666f26p-8F,
                         -0x1.326364p-10F, 0x1.536cecp-12F, -0x1.12339ep-14F);
  const V small = fma(p, x, x);
  // -log(erfc(x)) on 0.95 <= x <= 4
  const V q = polynomial(min_ordered(splat<V>(4.F), a), -0x1.349f84p-12F, 0x1.215052p0F, 0x1.4394cap-1F, 0x1.c241d6p-4F,
                         -0x1.af7da4p-6F, 0x1.36049cp-8F, -0x1.35bb1p-11F, 0x1.7c8348p-15F, -0x1.ae4002p-20F);
  return a < 1.F ? small : copysign(1.F - exp(-q), x);
}

// --- sine and cosine -----------------------------------------------------------------------------------------------

namespace trigonometry {

// x = quadrant * pi/2 + rest, |rest| <= pi/4.
template <class V>
struct Reduced {
  With<int32_t, V> quadrant;  // its two low bits count
  V rest;
};

// For 2^27 <= |x| < infinity (Payne and Hanek): x = m 2^e with a 24-bit m; of the product with 2/pi only the bits around
// the point are computed, 96 of them, since whole turns do not matter and the tail is below float's precision.
inline float reduce_huge(float x, int32_t* quadrant) {
  // 2/pi = sum of words[i] 2^(-32 (i + 1))
  constexpr uint32_t words[8] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                 0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561};
  uint32_t bits;
  memcpy(&bits, &x, 4);
  const uint64_t m = (bits & 0x7fffffU) | 0x800000U;
  const int e = static_cast<int>((bits >> 23) & 255) - 150;
  // Bits of 2/pi with weight 2^(2-e) or more only add multiples of 4 quadrants: start below, at bit e - 2 from the point.
  const int first = e - 2;
  const int word = first / 32;
  const int shift = first % 32;
  uint32_t window[3];
  for (int i = 0; i < 3; ++i) {
    const uint64_t pair = static_cast<uint64_t>(words[word + i]) << 32 | words[word + i + 1];
    window[i] = static_cast<uint32_t>(pair << shift >> 32);
  }
  // The low 96 bits of m * window; the point is below its top two bits.
  const uint64_t low = m * window[2];
  const uint64_t middle = m * window[1] + (low >> 32);
  const uint64_t high = m * window[0] + (middle >> 32);
  const uint64_t product = high << 32 | (middle & 0xffffffffU);
  const uint64_t nearest = (product + (1ULL << 61)) >> 62;
  const auto fraction = static_cast<double>(static_cast<int64_t>(product << 2)) * 0x1p-64;
  const double rest = fraction * 0x1.921fb54442d18p0;
  *quadrant = (bits >> 31) != 0 ? -static_cast<int32_t>(nearest & 3) : static_cast<int32_t>(nearest & 3);
  return static_cast<float>((bits >> 31) != 0 ? -rest : rest);
}

template <class V>
KEIMA_INLINE Reduced<V> reduce(V x) {
  using D = With<double, V>;
  constexpr double kMagic = 0x1.8p52;
  const With<int32_t, V> huge = !(abs(x) < 0x1p27F);
  const D wide = convert<double>(huge ? V{} : x);
  const D n = (wide * 0x1.45f306dc9c883p-1 + kMagic) - kMagic;
  // pi/2 in three parts; n has at most 27 bits, so the first two products are exact.
  const D rest = ((wide - n * 0x1.921fb5p+0) - n * 0x1.110b46p-26) - n * 0x1.1a62633145c07p-54;
  Reduced<V> result{convert<int32_t>(n), convert<float>(rest)};
  if (__builtin_expect(any(huge), 0)) {
    for (int i = 0; i < lanes<V>; ++i) {
      if (huge[i] == 0) continue;
      int32_t quadrant = 0;
      const bool finite = x[i] - x[i] == 0.F;
      result.rest[i] = finite ? reduce_huge(x[i], &quadrant) : kNaN;
      result.quadrant[i] = quadrant;
    }
  }
  return result;
}

// On |r| <= pi/4, to an even function of r.
template <class V>
KEIMA_INLINE V sin_polynomial(V r) {
  const V r2 = r * r;
  return fma(polynomial(r2, -0x1.555556p-3F, 0x1.11119ap-7F, -0x1.a0858p-13F, 0x1.88252ap-19F) * r2, r, r);
}
template <class V>
KEIMA_INLINE V cos_polynomial(V r) {
  const V r2 = r * r;
  const V p = polynomial(r2, 0x1.555556p-5F, -0x1.6c17d4p-10F, 0x1.a0f5dp-16F, -0x1.58feep-22F);
  return fma(p, r2 * r2, fma(r2, splat<V>(-0.5F), splat<V>(1.F)));
}

template <class V>
KEIMA_INLINE V in_quadrant(const Reduced<V>& x, With<int32_t, V> quadrant) {
  const V value = (quadrant & 1) != 0 ? cos_polynomial(x.rest) : sin_polynomial(x.rest);
  return (quadrant & 2) != 0 ? -value : value;
}

}  // namespace trigonometry

template <class V>
KEIMA_INLINE V sin(V x) {
  const trigonometry::Reduced<V> r = trigonometry::reduce(x);
  return x == 0.F ? x : trigonometry::in_quadrant(r, r.quadrant);  // keeps -0
}
template <class V>
KEIMA_INLINE V cos(V x) {
  const trigonometry::Reduced<V> r = trigonometry::reduce(x);
  return trigonometry::in_quadrant(r, r.quadrant + 1);
}
template <class V>
KEIMA_INLINE V tan(V x) {
  const trigonometry::Reduced<V> r = trigonometry::reduce(x);
  const V s = trigonometry::sin_polynomial(r.rest);
  const V c = trigonometry::cos_polynomial(r.rest);
  const V t = (r.quadrant & 1) != 0 ? -c / s : s / c;
  return x == 0.F ? x : t;
}

}  // namespace keima::KEIMA_ISA
