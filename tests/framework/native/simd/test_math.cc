// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The vector functions of every instruction set against libm in long double, in units of the last place, over bit patterns
// spread through all of float: every exponent, both signs, subnormals, infinities and NaNs.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/freestanding/isa.h"
#include "probe.h"

using namespace keima;

namespace {

using Real = long double;

struct UnaryCase {
  const char* name;
  Real (*reference)(Real);
  double max_ulp;
};

constexpr UnaryCase kUnary[] = {
    {"exp", [](Real x) { return std::exp(x); }, 1.1},
    {"log", [](Real x) { return std::log(x); }, 1.1},
    {"log1p", [](Real x) { return std::log1p(x); }, 2.5},
    {"tanh", [](Real x) { return std::tanh(x); }, 1.5},
    {"sigmoid", [](Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }, 2.5},
    {"softplus", [](Real x) { return std::fmax(x, Real{0}) + std::log1p(std::exp(-std::fabs(x))); }, 3.5},
    {"erf", [](Real x) { return std::erf(x); }, 2.2},
    {"sin", [](Real x) { return std::sin(x); }, 1.6},
    {"cos", [](Real x) { return std::cos(x); }, 1.6},
    {"tan", [](Real x) { return std::tan(x); }, 3.5},
    {"atan", [](Real x) { return std::atan(x); }, 0.51},
    {"asin", [](Real x) { return std::asin(x); }, 0.51},
    {"acos", [](Real x) { return std::acos(x); }, 0.51},
    {"expm1", [](Real x) { return std::expm1(x); }, 0.51},
    {"sinh", [](Real x) { return std::sinh(x); }, 0.51},
    {"cosh", [](Real x) { return std::cosh(x); }, 0.51},
    {"asinh", [](Real x) { return std::asinh(x); }, 0.51},
    {"acosh", [](Real x) { return std::acosh(x); }, 0.51},
    {"atanh", [](Real x) { return std::atanh(x); }, 0.51},
    {"erfc", [](Real x) { return std::erfc(x); }, 0.51},
};

// The distance of `got` from the exact value in units of float's last place there; NaN where one is NaN and not the other.
double ulp_error(float got, Real exact) {
  const auto nearest = static_cast<float>(exact);
  if (std::isnan(nearest) || std::isnan(got)) return std::isnan(nearest) && std::isnan(got) ? 0 : NAN;
  if (std::isinf(nearest) || std::isinf(got)) return nearest == got ? 0 : (std::fabs(exact) > 3.40282e38L ? 1 : NAN);
  const int exponent = nearest == 0 ? -126 : std::max(std::ilogb(nearest), -126);
  return static_cast<double>(std::fabs(static_cast<Real>(got) - exact) / std::ldexp(Real{1}, exponent - 23));
}

std::vector<float> patterns() {
  std::vector<float> values;
  for (uint64_t bits = 0; bits < (1ULL << 32); bits += 40009) values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  // Where most results are neither 0, 1 nor infinity.
  std::mt19937 engine(1);
  std::uniform_real_distribution<float> wide(-110.F, 110.F), narrow(-2.F, 2.F);
  for (int i = 0; i < 60000; ++i) {
    values.push_back(wide(engine));
    values.push_back(narrow(engine));
  }
  for (const float x : {0.F, -0.F, 1.F, -1.F, INFINITY, -INFINITY, NAN, 1e-45F, -1e-45F, 3.4028235e38F, 1.1754944e-38F, 88.72283F,
                        88.722836F, -103.97F, 0.625F, 1.5707964F, 3.1415927F, 16367173.F, 134217728.F, 134217720.F})
    values.push_back(x);
  return values;
}

}  // namespace

TEST_CASE("functions of one argument stay within their bounds") {
  const std::vector<float> in = patterns();
  std::vector<float> out(in.size());
  for (const UnaryCase& c : kUnary) {
    std::vector<Real> exact(in.size());
    for (size_t i = 0; i < in.size(); ++i) exact[i] = c.reference(static_cast<Real>(in[i]));
    for (const Isa isa : kBuiltIsas) {
      if (!runs(detect_isa(), isa)) continue;
      KEIMA_PICK(isa, simd_probe)().unary(c.name)(in.data(), out.data(), static_cast<int64_t>(in.size()));
      double worst = 0;
      float where = 0;
      for (size_t i = 0; i < in.size(); ++i) {
        const double error = ulp_error(out[i], exact[i]);
        if (error <= worst) continue;
        worst = error;
        where = in[i];
        if (std::isnan(error)) break;
      }
      INFO(std::string(c.name), " on ISA ", static_cast<int>(isa), ": ", worst, " ulp at ", where, " = bits ", std::bit_cast<uint32_t>(where));
      CHECK(worst <= c.max_ulp);
    }
  }
}

TEST_CASE("sign of zero is kept by odd functions") {
  for (const Isa isa : kBuiltIsas) {
    if (!runs(detect_isa(), isa)) continue;
    for (const char* name : {"tanh", "erf", "sin", "tan", "atan", "asin", "expm1", "sinh", "asinh", "atanh", "log1p"}) {
      const float in[2] = {-0.F, 0.F};
      float out[2];
      KEIMA_PICK(isa, simd_probe)().unary(name)(in, out, 2);
      INFO(std::string(name), " on ISA ", static_cast<int>(isa));
      CHECK(std::signbit(out[0]));
      CHECK_FALSE(std::signbit(out[1]));
    }
  }
}

TEST_CASE("pow and atan2 stay within their bounds, corners included") {
  std::vector<float> a, b;
  const std::vector<float> corners = {0.F, -0.F, 1.F, -1.F, 0.5F, -0.5F, 2.F, -2.F, 3.F, -3.F, INFINITY, -INFINITY, NAN, 1e-45F, 1e38F,
                                      -1e38F, 16777215.F, 16777216.F, 33554433.F, 1e-30F, -7.5F, 4.F};
  for (const float x : corners)
    for (const float y : corners) {
      a.push_back(x);
      b.push_back(y);
    }
  std::mt19937 engine(2);
  std::uniform_real_distribution<float> base(0.F, 20.F), exponent(-30.F, 30.F);
  for (int i = 0; i < 100000; ++i) {
    a.push_back(i % 4 == 0 ? -base(engine) : base(engine));
    b.push_back(i % 3 == 0 ? std::round(exponent(engine)) : exponent(engine));
  }
  const struct {
    const char* name;
    Real (*reference)(Real, Real);
  } cases[] = {{"pow", [](Real x, Real y) { return std::pow(x, y); }}, {"atan2", [](Real y, Real x) { return std::atan2(y, x); }}};
  std::vector<float> out(a.size());
  for (const Isa isa : kBuiltIsas) {
    if (!runs(detect_isa(), isa)) continue;
    for (const auto& c : cases) {
      KEIMA_PICK(isa, simd_probe)().binary(c.name)(a.data(), b.data(), out.data(), static_cast<int64_t>(a.size()));
      size_t shown = 0;
      for (size_t i = 0; i < a.size() && shown < 5; ++i) {
        const Real exact = c.reference(a[i], b[i]);
        const double error = ulp_error(out[i], exact);
        const bool sign = !std::isnan(out[i]) && std::signbit(out[i]) != std::signbit(static_cast<float>(exact));
        if (error <= 0.51 && !sign) continue;
        ++shown;
        INFO(std::string(c.name), "(", a[i], ", ", b[i], ") = ", out[i], ", expected ", static_cast<float>(exact), " on ISA ", static_cast<int>(isa));
        CHECK(error <= 0.51);
        CHECK_FALSE(sign);
      }
    }
  }
}
