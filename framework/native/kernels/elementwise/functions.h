// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The body of every elementwise operation (ops.inc), on vectors of float or int32 lanes: what eager loops, fused chains and
// the executor all call. Integer arithmetic wraps.
#pragma once

#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
inline constexpr bool is_int = __is_same(Lane<V>, int32_t);

// The same function whatever the lanes' type; unsigned, where overflow is defined.
template <class V>
KEIMA_INLINE auto wrapping(V v) {
  if constexpr (is_int<V>) return bit_cast<With<uint32_t, V>>(v);
  if constexpr (!is_int<V>) return v;
}

// --- arithmetic

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
// a b + c
template <class V>
KEIMA_INLINE V fma(V a, V b, V c) {
  return bit_cast<V>(wrapping(a) * wrapping(b) + wrapping(c));
}
// a b + c d
template <class V>
KEIMA_INLINE V mul_add_mul(V a, V b, V c, V d) {
  return bit_cast<V>(wrapping(a) * wrapping(b) + wrapping(c) * wrapping(d));
}
// a params[0] + params[1]
template <class V>
KEIMA_INLINE V affine(V a, const double* params) {
  return a * static_cast<float>(params[0]) + static_cast<float>(params[1]);
}
// params: lower and upper bound. NaN stays.
template <class V>
KEIMA_INLINE V clip(V a, const double* params) {
  const V low = splat<V>(static_cast<Lane<V>>(params[0]));
  const V high = splat<V>(static_cast<Lane<V>>(params[1]));
  return min_ordered(high, max_ordered(low, a));
}
// b where a is not 0, else c.
template <class V>
KEIMA_INLINE V where(V a, V b, V c) {
  return a != 0 ? b : c;
}

// --- rounding

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
template <class V>
KEIMA_INLINE V trunc(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return KEIMA_ISA::trunc(a);
}
// Halves away from zero. The largest float below 0.5 is added: 0.5 itself would carry 0.49999997 up to 1.
template <class V>
KEIMA_INLINE V round(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return KEIMA_ISA::copysign(KEIMA_ISA::trunc(a + copysign(splat<V>(0x1.fffffep-2F), a)), a);
}
template <class V>
KEIMA_INLINE V round_half_even(V a) {
  if constexpr (is_int<V>) return a;
  if constexpr (!is_int<V>) return rint(a);
}

// --- powers, exponentials, logarithms, trigonometry

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

// --- comparison and logic: 0 or 1

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

// --- bits. Counts outside 0..31 give what the shift by them would leave: 0, or the sign.

template <class V>
KEIMA_INLINE V left_shift(V a, V b) {
  const V count = b & 31;
  return b == count ? bit_cast<V>(wrapping(a) << wrapping(count)) : V{};
}
template <class V>
KEIMA_INLINE V right_shift(V a, V b) {
  return a >> (b == (b & 31) ? b : V{} + 31);
}
template <class V>
KEIMA_INLINE V bitwise_and(V a, V b) {
  return a & b;
}
template <class V>
KEIMA_INLINE V bitwise_or(V a, V b) {
  return a | b;
}
template <class V>
KEIMA_INLINE V bitwise_xor(V a, V b) {
  return a ^ b;
}
template <class V>
KEIMA_INLINE V bitwise_not(V a) {
  return ~a;
}

// --- activations

template <class V>
KEIMA_INLINE V relu(V a) {
  return max_ordered(V{}, a);
}
template <class V>
KEIMA_INLINE V relu6(V a) {
  return min_ordered(splat<V>(6), max_ordered(V{}, a));
}
// params[0]: the slope below 0.
template <class V>
KEIMA_INLINE V leaky_relu(V a, const double* params) {
  return a < 0.F ? a * static_cast<float>(params[0]) : a;
}
template <class V>
KEIMA_INLINE V prelu(V a, V weight) {
  return a < 0.F ? a * weight : a;
}
template <class V>
KEIMA_INLINE V sigmoid(V a) {
  return KEIMA_ISA::sigmoid(a);
}
template <class V>
KEIMA_INLINE V silu(V a) {
  return a * sigmoid(a);
}
// x Phi(x) with Phi the normal distribution function, by erf, not the tanh approximation.
template <class V>
KEIMA_INLINE V normal_distribution(V a) {
  return 0.5F * KEIMA_ISA::erf(a * 0.70710678F) + 0.5F;
}
template <class V>
KEIMA_INLINE V gelu(V a) {
  return a * normal_distribution(a);
}
template <class V>
KEIMA_INLINE V hsigmoid(V a) {
  return relu6(a + 3.F) * (1.F / 6.F);
}
template <class V>
KEIMA_INLINE V hswish(V a) {
  return a * hsigmoid(a);
}
template <class V>
KEIMA_INLINE V softplus(V a) {
  return KEIMA_ISA::softplus(a);
}
template <class V>
KEIMA_INLINE V logsigmoid(V a) {
  return -KEIMA_ISA::softplus(-a);
}
template <class V>
KEIMA_INLINE V add_relu(V a, V b) {
  return relu(add(a, b));
}

// --- gradients

template <class V>
KEIMA_INLINE V tanh_grad(V y, V dy) {
  return dy * (1.F - y * y);
}
template <class V>
KEIMA_INLINE V tan_grad(V y, V dy) {
  return dy * (1.F + y * y);
}
template <class V>
KEIMA_INLINE V sigmoid_grad(V y, V dy) {
  return dy * y * (1.F - y);
}
template <class V>
KEIMA_INLINE V relu_grad(V y, V dy) {
  return y > 0.F ? dy : V{};
}
template <class V>
KEIMA_INLINE V sqrt_grad(V y, V dy) {
  return 0.5F * dy / y;
}
template <class V>
KEIMA_INLINE V rsqrt_grad(V y, V dy) {
  return -0.5F * dy * (y * y * y);
}
template <class V>
KEIMA_INLINE V reciprocal_grad(V y, V dy) {
  return -dy * (y * y);
}
template <class V>
KEIMA_INLINE V expm1_grad(V y, V dy) {
  return dy * (y + 1.F);
}
template <class V>
KEIMA_INLINE V relu6_grad(V x, V dy) {
  return (x > 0.F) & (x < 6.F) ? dy : V{};
}
template <class V>
KEIMA_INLINE V leaky_relu_grad(V x, V dy, const double* params) {
  return x < 0.F ? dy * static_cast<float>(params[0]) : dy;
}
template <class V>
KEIMA_INLINE V prelu_grad_weight(V x, V dy) {
  return x < 0.F ? dy * x : V{};
}
template <class V>
KEIMA_INLINE V silu_grad(V x, V dy) {
  const V s = sigmoid(x);
  return dy * (s + x * s * (1.F - s));
}
template <class V>
KEIMA_INLINE V gelu_grad(V x, V dy) {
  const V density = KEIMA_ISA::exp(-0.5F * x * x) * 0.39894228F;
  return dy * (normal_distribution(x) + x * density);
}
template <class V>
KEIMA_INLINE V hswish_grad(V x, V dy) {
  const V inner = dy * (x * (1.F / 3.F) + 0.5F);
  return x > 3.F ? dy : (x < -3.F ? V{} : inner);
}
template <class V>
KEIMA_INLINE V hsigmoid_grad(V x, V dy) {
  return (x > -3.F) & (x < 3.F) ? dy * (1.F / 6.F) : V{};
}
template <class V>
KEIMA_INLINE V softplus_grad(V x, V dy) {
  return dy * sigmoid(x);
}
template <class V>
KEIMA_INLINE V logsigmoid_grad(V x, V dy) {
  return dy * sigmoid(-x);
}
template <class V>
KEIMA_INLINE V abs_grad(V x, V dy) {
  return dy * sign(x);
}
// Passes where the bounds do not cut, the bounds themselves included.
template <class V>
KEIMA_INLINE V clip_grad(V x, V dy, const double* params) {
  return (x >= static_cast<float>(params[0])) & (x <= static_cast<float>(params[1])) ? dy : V{};
}
template <class V>
KEIMA_INLINE V square_grad(V x, V dy) {
  return 2.F * dy * x;
}
template <class V>
KEIMA_INLINE V log1p_grad(V x, V dy) {
  return dy / (1.F + x);
}
template <class V>
KEIMA_INLINE V erf_grad(V x, V dy) {
  return dy * 1.1283792F * KEIMA_ISA::exp(-x * x);
}
template <class V>
KEIMA_INLINE V asin_grad(V x, V dy) {
  return dy / KEIMA_ISA::sqrt((1.F - x) * (1.F + x));
}
template <class V>
KEIMA_INLINE V acos_grad(V x, V dy) {
  return -asin_grad(x, dy);
}
template <class V>
KEIMA_INLINE V atan_grad(V x, V dy) {
  return dy / (1.F + x * x);
}
template <class V>
KEIMA_INLINE V asinh_grad(V x, V dy) {
  return dy / KEIMA_ISA::sqrt(1.F + x * x);
}
template <class V>
KEIMA_INLINE V acosh_grad(V x, V dy) {
  return dy / KEIMA_ISA::sqrt((x - 1.F) * (x + 1.F));
}
template <class V>
KEIMA_INLINE V atanh_grad(V x, V dy) {
  return dy / ((1.F - x) * (1.F + x));
}
template <class V>
KEIMA_INLINE V prelu_grad(V x, V weight, V dy) {
  return x < 0.F ? dy * weight : dy;
}
// d(x^e)/dx; 0 where e is 0, whatever x.
template <class V>
KEIMA_INLINE V pow_grad_base(V x, V e, V dy) {
  return e == 0.F ? V{} : dy * e * KEIMA_ISA::pow(x, e - 1.F);
}
// d(x^e)/de; 0 where x is 0 and e is not negative: the limit.
template <class V>
KEIMA_INLINE V pow_grad_exponent(V x, V e, V dy) {
  return (x == 0.F) & (e >= 0.F) ? V{} : dy * KEIMA_ISA::pow(x, e) * KEIMA_ISA::log(x);
}
template <class V>
KEIMA_INLINE V atan2_grad_y(V y, V x, V dy) {
  return dy * x / (x * x + y * y);
}
template <class V>
KEIMA_INLINE V atan2_grad_x(V y, V x, V dy) {
  return -dy * y / (x * x + y * y);
}

}  // namespace keima::KEIMA_ISA::op
