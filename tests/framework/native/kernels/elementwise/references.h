// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Slow, obvious references in double, with the operation's tolerance: the error allowed, in units of float's epsilon
// times (|result| + scale of the operands' magnitude that the formula cancels).
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
  const char* name;
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
    {"identity", [](const Inputs& x) { return x.a; }},
    {"add", [](const Inputs& x) { return x.a + x.b; }},
    {"sub", [](const Inputs& x) { return x.a - x.b; }},
    {"mul", [](const Inputs& x) { return x.a * x.b; }},
    {"div", [](const Inputs& x) { return x.a / x.b; }},
    {"floor_div", [](const Inputs& x) { return std::floor(x.a / x.b); }},
    {"mod", [](const Inputs& x) { return std::fmod(x.a, x.b); }},
    {"pow", [](const Inputs& x) { return std::pow(x.a, x.b); }, 1},
    {"maximum", [](const Inputs& x) { return std::fmax(x.a, x.b); }},
    {"minimum", [](const Inputs& x) { return std::fmin(x.a, x.b); }},
    {"neg", [](const Inputs& x) { return -x.a; }},
    {"abs", [](const Inputs& x) { return std::fabs(x.a); }},
    {"sign", [](const Inputs& x) { return sign(x.a); }},
    {"square", [](const Inputs& x) { return x.a * x.a; }},
    {"where", [](const Inputs& x) { return x.a != 0 ? x.b : x.c; }},
    {"floor", [](const Inputs& x) { return std::floor(x.a); }},
    {"ceil", [](const Inputs& x) { return std::ceil(x.a); }},
    {"round", [](const Inputs& x) { return std::round(x.a); }},
    {"sqrt", [](const Inputs& x) { return std::sqrt(x.a); }},
    {"rsqrt", [](const Inputs& x) { return 1 / std::sqrt(x.a); }, 1.5},
    {"reciprocal", [](const Inputs& x) { return 1 / x.a; }},
    {"exp", [](const Inputs& x) { return std::exp(x.a); }, 1.2},
    {"expm1", [](const Inputs& x) { return std::expm1(x.a); }, 0.6},
    {"log", [](const Inputs& x) { return std::log(x.a); }, 1.2},
    {"log1p", [](const Inputs& x) { return std::log1p(x.a); }, 2.5},
    {"logaddexp", [](const Inputs& x) { return std::fmax(x.a, x.b) + std::log1p(std::exp(-std::fabs(x.a - x.b))); }, 2, 8},
    {"sin", [](const Inputs& x) { return std::sin(x.a); }, 1.6},
    {"cos", [](const Inputs& x) { return std::cos(x.a); }, 1.6},
    {"tan", [](const Inputs& x) { return std::tan(x.a); }, 3.5},
    {"asin", [](const Inputs& x) { return std::asin(x.a); }, 0.6, 0, -1.1, 1.1},
    {"acos", [](const Inputs& x) { return std::acos(x.a); }, 0.6, 0, -1.1, 1.1},
    {"atan", [](const Inputs& x) { return std::atan(x.a); }, 0.6},
    {"atan2", [](const Inputs& x) { return std::atan2(x.a, x.b); }, 0.6},
    {"sinh", [](const Inputs& x) { return std::sinh(x.a); }, 0.6},
    {"cosh", [](const Inputs& x) { return std::cosh(x.a); }, 0.6},
    {"tanh", [](const Inputs& x) { return std::tanh(x.a); }, 1.5},
    {"asinh", [](const Inputs& x) { return std::asinh(x.a); }, 0.6},
    {"acosh", [](const Inputs& x) { return std::acosh(x.a); }, 0.6},
    {"atanh", [](const Inputs& x) { return std::atanh(x.a); }, 0.6, 0, -1.1, 1.1},
    {"erf", [](const Inputs& x) { return std::erf(x.a); }, 2.2},
    {"erfc", [](const Inputs& x) { return std::erfc(x.a); }, 0.6},
    {"equal", [](const Inputs& x) { return double(x.a == x.b); }},
    {"not_equal", [](const Inputs& x) { return double(x.a != x.b); }},
    {"less", [](const Inputs& x) { return double(x.a < x.b); }},
    {"less_equal", [](const Inputs& x) { return double(x.a <= x.b); }},
    {"greater", [](const Inputs& x) { return double(x.a > x.b); }},
    {"greater_equal", [](const Inputs& x) { return double(x.a >= x.b); }},
    {"isnan", [](const Inputs& x) { return double(std::isnan(x.a)); }},
    {"isinf", [](const Inputs& x) { return double(std::isinf(x.a)); }},
    {"logical_and", [](const Inputs& x) { return double(x.a != 0 && x.b != 0); }},
    {"logical_or", [](const Inputs& x) { return double(x.a != 0 || x.b != 0); }},
    {"logical_xor", [](const Inputs& x) { return double((x.a != 0) != (x.b != 0)); }},
    {"logical_not", [](const Inputs& x) { return double(x.a == 0); }},
    {"left_shift", [](const Inputs& x) { return double(static_cast<int32_t>(static_cast<uint32_t>(int32_t(x.a)) << (int32_t(x.b) & 31))); }, 0, 0, 0, 20},
    {"right_shift", [](const Inputs& x) { return std::floor(x.a / std::pow(2, x.b)); }, 0, 0, 0, 20},
    {"relu", [](const Inputs& x) { return std::fmax(x.a, 0.); }},
    {"relu6", [](const Inputs& x) { return relu6(x.a); }, 0, 0, -9, 9},
    {"leaky_relu", [](const Inputs& x) { return x.a < 0 ? x.a * static_cast<float>(x.p0) : x.a; }},
    {"prelu", [](const Inputs& x) { return x.a < 0 ? x.a * x.b : x.a; }},
    {"sigmoid", [](const Inputs& x) { return sigmoid(x.a); }, 3, 0, -50, 50},
    {"silu", [](const Inputs& x) { return x.a * sigmoid(x.a); }, 4, 0, -50, 50},
    {"gelu", [](const Inputs& x) { return x.a * normal_cdf(x.a); }, 4, 4, -6, 6},
    {"hswish", [](const Inputs& x) { return x.a * relu6(x.a + 3) / 6; }, 4, 3, -9, 9},
    {"hsigmoid", [](const Inputs& x) { return relu6(x.a + 3) / 6; }, 3, 1, -9, 9},
    {"softplus", [](const Inputs& x) { return std::fmax(x.a, 0.) + std::log1p(std::exp(-std::fabs(x.a))); }, 4, 0, -50, 50},
    {"logsigmoid", [](const Inputs& x) { return -std::fmax(-x.a, 0.) - std::log1p(std::exp(-std::fabs(x.a))); }, 4, 0, -50, 50},
    {"tanh_grad", [](const Inputs& x) { return x.b * (1 - x.a * x.a); }, 2, 64},
    {"sigmoid_grad", [](const Inputs& x) { return x.b * x.a * (1 - x.a); }, 4, 16},
    {"relu_grad", [](const Inputs& x) { return x.a > 0 ? x.b : 0; }},
    {"relu6_grad", [](const Inputs& x) { return x.a > 0 && x.a < 6 ? x.b : 0; }, 0, 0, -9, 9},
    {"leaky_relu_grad", [](const Inputs& x) { return x.a > 0 ? x.b : x.b * static_cast<float>(x.p0); }},
    {"silu_grad", [](const Inputs& x) { const double s = sigmoid(x.a); return x.b * (s + x.a * s * (1 - s)); }, 24, 8, -20, 20},
    {"gelu_grad", [](const Inputs& x) { return x.b * (normal_cdf(x.a) + x.a * normal_pdf(x.a)); }, 4, 8},
    {"hswish_grad", [](const Inputs& x) { return x.a >= 3 ? x.b : x.a <= -3 ? 0 : x.b * (x.a / 3 + 0.5); }, 4, 9, -9, 9},
    {"hsigmoid_grad", [](const Inputs& x) { return x.a > -3 && x.a < 3 ? x.b / 6 : 0; }, 2},
};

}  // namespace keima::test
