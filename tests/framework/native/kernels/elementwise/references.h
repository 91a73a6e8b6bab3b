// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Slow, obvious references in double for every elementwise operation, with the operation's tolerance: the error allowed,
// in units of float's epsilon times (|result| + scale of the operands' magnitude that the formula cancels).
#pragma once

#include <cmath>
#include <limits>

#include "kernels/elementwise/elementwise.h"

namespace keima::test {

struct Inputs {
  double a, b, c, d;
  double p0, p1;
};

struct Reference {
  ElementwiseOp op;
  double (*value)(const Inputs&);
  double relative = 0;  // of |result|, in float epsilons; 0: correctly rounded
  double absolute = 0;  // in float epsilons
  double low = -4, high = 4;  // range of the operands that are tried
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
inline double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
inline double normal_pdf(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI); }
inline double sign(double x) { return (x > 0) - (x < 0); }
inline double relu6(double x) { return std::fmin(std::fmax(x, 0.), 6.); }

inline constexpr Reference kReferences[] = {
    {ElementwiseOp::identity, [](const Inputs& x) { return x.a; }},
    {ElementwiseOp::add, [](const Inputs& x) { return x.a + x.b; }},
    {ElementwiseOp::sub, [](const Inputs& x) { return x.a - x.b; }},
    {ElementwiseOp::mul, [](const Inputs& x) { return x.a * x.b; }},
    {ElementwiseOp::div, [](const Inputs& x) { return x.a / x.b; }},
    {ElementwiseOp::floor_div, [](const Inputs& x) { return std::floor(x.a / x.b); }},
    {ElementwiseOp::mod, [](const Inputs& x) { return std::fmod(x.a, x.b); }},
    {ElementwiseOp::pow, [](const Inputs& x) { return std::pow(x.a, x.b); }, 1},
    {ElementwiseOp::maximum, [](const Inputs& x) { return std::fmax(x.a, x.b); }},
    {ElementwiseOp::minimum, [](const Inputs& x) { return std::fmin(x.a, x.b); }},
    {ElementwiseOp::neg, [](const Inputs& x) { return -x.a; }},
    {ElementwiseOp::abs, [](const Inputs& x) { return std::fabs(x.a); }},
    {ElementwiseOp::sign, [](const Inputs& x) { return sign(x.a); }},
    {ElementwiseOp::square, [](const Inputs& x) { return x.a * x.a; }},
    {ElementwiseOp::fma, [](const Inputs& x) { return x.a * x.b + x.c; }, 1, 16},
    {ElementwiseOp::mul_add_mul, [](const Inputs& x) { return x.a * x.b + x.c * x.d; }, 1, 32},
    {ElementwiseOp::affine, [](const Inputs& x) { return x.a * static_cast<float>(x.p0) + static_cast<float>(x.p1); }, 1, 4},
    {ElementwiseOp::clip, [](const Inputs& x) { return std::fmin(std::fmax(x.a, static_cast<float>(x.p0)), static_cast<float>(x.p1)); }},
    {ElementwiseOp::where, [](const Inputs& x) { return x.a != 0 ? x.b : x.c; }},
    {ElementwiseOp::floor, [](const Inputs& x) { return std::floor(x.a); }},
    {ElementwiseOp::ceil, [](const Inputs& x) { return std::ceil(x.a); }},
    {ElementwiseOp::trunc, [](const Inputs& x) { return std::trunc(x.a); }},
    {ElementwiseOp::round, [](const Inputs& x) { return std::round(x.a); }},
    {ElementwiseOp::round_half_even, [](const Inputs& x) { return std::nearbyint(x.a); }},
    {ElementwiseOp::sqrt, [](const Inputs& x) { return std::sqrt(x.a); }},
    {ElementwiseOp::rsqrt, [](const Inputs& x) { return 1 / std::sqrt(x.a); }, 1.5},
    {ElementwiseOp::reciprocal, [](const Inputs& x) { return 1 / x.a; }},
    {ElementwiseOp::exp, [](const Inputs& x) { return std::exp(x.a); }, 1.2},
    {ElementwiseOp::expm1, [](const Inputs& x) { return std::expm1(x.a); }, 0.6},
    {ElementwiseOp::log, [](const Inputs& x) { return std::log(x.a); }, 1.2},
    {ElementwiseOp::log1p, [](const Inputs& x) { return std::log1p(x.a); }, 2.5},
    {ElementwiseOp::logaddexp, [](const Inputs& x) { return std::fmax(x.a, x.b) + std::log1p(std::exp(-std::fabs(x.a - x.b))); }, 2, 8},
    {ElementwiseOp::sin, [](const Inputs& x) { return std::sin(x.a); }, 1.6},
    {ElementwiseOp::cos, [](const Inputs& x) { return std::cos(x.a); }, 1.6},
    {ElementwiseOp::tan, [](const Inputs& x) { return std::tan(x.a); }, 3.5},
    {ElementwiseOp::asin, [](const Inputs& x) { return std::asin(x.a); }, 0.6, 0, -1.1, 1.1},
    {ElementwiseOp::acos, [](const Inputs& x) { return std::acos(x.a); }, 0.6, 0, -1.1, 1.1},
    {ElementwiseOp::atan, [](const Inputs& x) { return std::atan(x.a); }, 0.6},
    {ElementwiseOp::atan2, [](const Inputs& x) { return std::atan2(x.a, x.b); }, 0.6},
    {ElementwiseOp::sinh, [](const Inputs& x) { return std::sinh(x.a); }, 0.6},
    {ElementwiseOp::cosh, [](const Inputs& x) { return std::cosh(x.a); }, 0.6},
    {ElementwiseOp::tanh, [](const Inputs& x) { return std::tanh(x.a); }, 1.5},
    {ElementwiseOp::asinh, [](const Inputs& x) { return std::asinh(x.a); }, 0.6},
    {ElementwiseOp::acosh, [](const Inputs& x) { return std::acosh(x.a); }, 0.6},
    {ElementwiseOp::atanh, [](const Inputs& x) { return std::atanh(x.a); }, 0.6, 0, -1.1, 1.1},
    {ElementwiseOp::erf, [](const Inputs& x) { return std::erf(x.a); }, 2.2},
    {ElementwiseOp::erfc, [](const Inputs& x) { return std::erfc(x.a); }, 0.6},
    {ElementwiseOp::equal, [](const Inputs& x) { return double(x.a == x.b); }},
    {ElementwiseOp::not_equal, [](const Inputs& x) { return double(x.a != x.b); }},
    {ElementwiseOp::less, [](const Inputs& x) { return double(x.a < x.b); }},
    {ElementwiseOp::less_equal, [](const Inputs& x) { return double(x.a <= x.b); }},
    {ElementwiseOp::greater, [](const Inputs& x) { return double(x.a > x.b); }},
    {ElementwiseOp::greater_equal, [](const Inputs& x) { return double(x.a >= x.b); }},
    {ElementwiseOp::isnan, [](const Inputs& x) { return double(std::isnan(x.a)); }},
    {ElementwiseOp::isinf, [](const Inputs& x) { return double(std::isinf(x.a)); }},
    {ElementwiseOp::logical_and, [](const Inputs& x) { return double(x.a != 0 && x.b != 0); }},
    {ElementwiseOp::logical_or, [](const Inputs& x) { return double(x.a != 0 || x.b != 0); }},
    {ElementwiseOp::logical_xor, [](const Inputs& x) { return double((x.a != 0) != (x.b != 0)); }},
    {ElementwiseOp::logical_not, [](const Inputs& x) { return double(x.a == 0); }},
    {ElementwiseOp::left_shift, [](const Inputs& x) { return double(static_cast<int32_t>(static_cast<uint32_t>(int32_t(x.a)) << (int32_t(x.b) & 31))); }, 0, 0, 0, 20},
    {ElementwiseOp::right_shift, [](const Inputs& x) { return std::floor(x.a / std::pow(2, x.b)); }, 0, 0, 0, 20},
    {ElementwiseOp::bitwise_and, [](const Inputs& x) { return double(int32_t(x.a) & int32_t(x.b)); }, 0, 0, -100, 100},
    {ElementwiseOp::bitwise_or, [](const Inputs& x) { return double(int32_t(x.a) | int32_t(x.b)); }, 0, 0, -100, 100},
    {ElementwiseOp::bitwise_xor, [](const Inputs& x) { return double(int32_t(x.a) ^ int32_t(x.b)); }, 0, 0, -100, 100},
    {ElementwiseOp::bitwise_not, [](const Inputs& x) { return double(~int32_t(x.a)); }, 0, 0, -100, 100},
    {ElementwiseOp::relu, [](const Inputs& x) { return std::fmax(x.a, 0.); }},
    {ElementwiseOp::relu6, [](const Inputs& x) { return relu6(x.a); }, 0, 0, -9, 9},
    {ElementwiseOp::leaky_relu, [](const Inputs& x) { return x.a < 0 ? x.a * static_cast<float>(x.p0) : x.a; }},
    {ElementwiseOp::prelu, [](const Inputs& x) { return x.a < 0 ? x.a * x.b : x.a; }},
    {ElementwiseOp::sigmoid, [](const Inputs& x) { return sigmoid(x.a); }, 3, 0, -50, 50},
    {ElementwiseOp::silu, [](const Inputs& x) { return x.a * sigmoid(x.a); }, 4, 0, -50, 50},
    {ElementwiseOp::gelu, [](const Inputs& x) { return x.a * normal_cdf(x.a); }, 4, 4, -6, 6},
    {ElementwiseOp::hswish, [](const Inputs& x) { return x.a * relu6(x.a + 3) / 6; }, 4, 3, -9, 9},
    {ElementwiseOp::hsigmoid, [](const Inputs& x) { return relu6(x.a + 3) / 6; }, 3, 1, -9, 9},
    {ElementwiseOp::softplus, [](const Inputs& x) { return std::fmax(x.a, 0.) + std::log1p(std::exp(-std::fabs(x.a))); }, 4, 0, -50, 50},
    {ElementwiseOp::logsigmoid, [](const Inputs& x) { return -std::fmax(-x.a, 0.) - std::log1p(std::exp(-std::fabs(x.a))); }, 4, 0, -50, 50},
    {ElementwiseOp::add_relu, [](const Inputs& x) { return std::fmax(x.a + x.b, 0.); }},
    {ElementwiseOp::tanh_grad, [](const Inputs& x) { return x.b * (1 - x.a * x.a); }, 2, 64},
    {ElementwiseOp::tan_grad, [](const Inputs& x) { return x.b * (1 + x.a * x.a); }, 3},
    {ElementwiseOp::sigmoid_grad, [](const Inputs& x) { return x.b * x.a * (1 - x.a); }, 4, 16},
    {ElementwiseOp::relu_grad, [](const Inputs& x) { return x.a > 0 ? x.b : 0; }},
    {ElementwiseOp::sqrt_grad, [](const Inputs& x) { return 0.5 * x.b / x.a; }, 1},
    {ElementwiseOp::rsqrt_grad, [](const Inputs& x) { return -0.5 * x.b * x.a * x.a * x.a; }, 3},
    {ElementwiseOp::reciprocal_grad, [](const Inputs& x) { return -x.b * x.a * x.a; }, 2},
    {ElementwiseOp::expm1_grad, [](const Inputs& x) { return x.b * (x.a + 1); }, 2},
    {ElementwiseOp::relu6_grad, [](const Inputs& x) { return x.a > 0 && x.a < 6 ? x.b : 0; }, 0, 0, -9, 9},
    {ElementwiseOp::leaky_relu_grad, [](const Inputs& x) { return x.a < 0 ? x.b * static_cast<float>(x.p0) : x.b; }},
    {ElementwiseOp::prelu_grad_weight, [](const Inputs& x) { return x.a < 0 ? x.b * x.a : 0; }},
    {ElementwiseOp::silu_grad, [](const Inputs& x) { const double s = sigmoid(x.a); return x.b * (s + x.a * s * (1 - s)); }, 24, 8, -20, 20},
    {ElementwiseOp::gelu_grad, [](const Inputs& x) { return x.b * (normal_cdf(x.a) + x.a * normal_pdf(x.a)); }, 4, 8},
    {ElementwiseOp::hswish_grad, [](const Inputs& x) { return x.a > 3 ? x.b : x.a < -3 ? 0 : x.b * (x.a / 3 + 0.5); }, 4, 9, -9, 9},
    {ElementwiseOp::hsigmoid_grad, [](const Inputs& x) { return x.a > -3 && x.a < 3 ? x.b / 6 : 0; }, 2},
    {ElementwiseOp::softplus_grad, [](const Inputs& x) { return x.b * sigmoid(x.a); }, 4},
    {ElementwiseOp::logsigmoid_grad, [](const Inputs& x) { return x.b * sigmoid(-x.a); }, 4},
    {ElementwiseOp::abs_grad, [](const Inputs& x) { return x.b * sign(x.a); }},
    {ElementwiseOp::clip_grad, [](const Inputs& x) { return x.a >= static_cast<float>(x.p0) && x.a <= static_cast<float>(x.p1) ? x.b : 0; }},
    {ElementwiseOp::square_grad, [](const Inputs& x) { return 2 * x.b * x.a; }},
    {ElementwiseOp::log1p_grad, [](const Inputs& x) { return x.b / (1 + x.a); }, 2},
    {ElementwiseOp::erf_grad, [](const Inputs& x) { return x.b * 2 / std::sqrt(M_PI) * std::exp(-x.a * x.a); }, 24},
    {ElementwiseOp::asin_grad, [](const Inputs& x) { return x.b / std::sqrt(1 - x.a * x.a); }, 4, 0, -1.1, 1.1},
    {ElementwiseOp::acos_grad, [](const Inputs& x) { return -x.b / std::sqrt(1 - x.a * x.a); }, 4, 0, -1.1, 1.1},
    {ElementwiseOp::atan_grad, [](const Inputs& x) { return x.b / (1 + x.a * x.a); }, 2},
    {ElementwiseOp::asinh_grad, [](const Inputs& x) { return x.b / std::sqrt(1 + x.a * x.a); }, 2},
    {ElementwiseOp::acosh_grad, [](const Inputs& x) { return x.b / std::sqrt(x.a * x.a - 1); }, 3, 0, 1.01, 4},
    {ElementwiseOp::atanh_grad, [](const Inputs& x) { return x.b / (1 - x.a * x.a); }, 4},
    {ElementwiseOp::prelu_grad, [](const Inputs& x) { return x.a < 0 ? x.c * x.b : x.c; }},
    {ElementwiseOp::pow_grad_base, [](const Inputs& x) { return x.b == 0 ? 0 : x.c * x.b * std::pow(x.a, x.b - 1); }, 4, 0, 0.1, 4},
    {ElementwiseOp::pow_grad_exponent, [](const Inputs& x) { return x.a == 0 && x.b >= 0 ? 0 : x.c * std::pow(x.a, x.b) * std::log(x.a); }, 4},
    {ElementwiseOp::atan2_grad_y, [](const Inputs& x) { return x.c * x.b / (x.b * x.b + x.a * x.a); }, 4},
    {ElementwiseOp::atan2_grad_x, [](const Inputs& x) { return -x.c * x.a / (x.b * x.b + x.a * x.a); }, 4},
};

}  // namespace keima::test
