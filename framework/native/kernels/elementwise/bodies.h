// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What each elementwise op computes, on a vector V of float or int32 lanes. Eager loops, fused chains and the deployment
// runtime all call these.
#pragma once

#include "simd/math.h"
#include "simd/math_rare.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA::bodies {

template <class V>
inline constexpr bool is_float = __is_same(Lane<V>, float);

// Unary and binary bodies that are one expression.
#define KEIMA_UNARY(Name, expression)        \
  struct Name {                              \
    template <class V>                       \
    KEIMA_INLINE static auto of(V x) {       \
      return expression;                     \
    }                                        \
  };
#define KEIMA_BINARY(Name, expression)       \
  struct Name {                              \
    template <class V>                       \
    KEIMA_INLINE static auto of(V x, V y) {  \
      return expression;                     \
    }                                        \
  };

KEIMA_UNARY(Abs, abs(x))
KEIMA_UNARY(Acos, acos(x))
KEIMA_UNARY(Acosh, acosh(x))
KEIMA_UNARY(Asin, asin(x))
KEIMA_UNARY(Asinh, asinh(x))
KEIMA_UNARY(Atan, atan(x))
KEIMA_UNARY(Atanh, atanh(x))
KEIMA_UNARY(Cos, cos(x))
KEIMA_UNARY(Cosh, cosh(x))
KEIMA_UNARY(Erf, erf(x))
KEIMA_UNARY(Erfc, erfc(x))
KEIMA_UNARY(Exp, exp(x))
KEIMA_UNARY(Expm1, expm1(x))
KEIMA_UNARY(Log, log(x))
KEIMA_UNARY(Log1p, log1p(x))
KEIMA_UNARY(LogSigmoid, -softplus(-x))
KEIMA_UNARY(Neg, -x)
KEIMA_UNARY(Reciprocal, 1.0F / x)
KEIMA_UNARY(Relu, max_ordered(V{}, x))
KEIMA_UNARY(Rsqrt, 1.0F / sqrt(x))
KEIMA_UNARY(Sigmoid, sigmoid(x))
KEIMA_UNARY(Silu, x* sigmoid(x))
KEIMA_UNARY(Sin, sin(x))
KEIMA_UNARY(Sinh, sinh(x))
KEIMA_UNARY(Softplus, softplus(x))
KEIMA_UNARY(Sqrt, sqrt(x))
KEIMA_UNARY(Square, x* x)
KEIMA_UNARY(Tan, tan(x))
KEIMA_UNARY(Tanh, tanh(x))
KEIMA_UNARY(LogicalNot, (x == 0) & 1)
// x Phi(x), Phi the standard normal distribution function.
KEIMA_UNARY(Gelu, x * 0.5F * (1.0F + erf(x * 0.70710678118654752440F)))
// ReLU6(x + 3) / 6, and x times that.
KEIMA_UNARY(HardSigmoid, min_ordered(splat<V>(6.0F), max_ordered(V{}, x + 3.0F)) * (1.0F / 6.0F))
KEIMA_UNARY(HardSwish, x* HardSigmoid::of(x))

KEIMA_BINARY(Add, x + y)
KEIMA_BINARY(Sub, x - y)
KEIMA_BINARY(Mul, x* y)
KEIMA_BINARY(Div, x / y)
KEIMA_BINARY(Maximum, maximum(x, y))
KEIMA_BINARY(Minimum, minimum(x, y))
KEIMA_BINARY(Atan2, atan2(x, y))
KEIMA_BINARY(Pow, pow(x, y))
KEIMA_BINARY(Prelu, x > 0 ? x : x * y)
KEIMA_BINARY(ReluGrad, x > 0 ? y : V{})
KEIMA_BINARY(Equal, x == y)
KEIMA_BINARY(NotEqual, x != y)
KEIMA_BINARY(Less, x < y)
KEIMA_BINARY(LessEqual, x <= y)
KEIMA_BINARY(Greater, x > y)
KEIMA_BINARY(GreaterEqual, x >= y)
KEIMA_BINARY(LogicalAnd, x& y)
KEIMA_BINARY(LogicalOr, x | y)
KEIMA_BINARY(LogicalXor, x ^ y)

#undef KEIMA_UNARY
#undef KEIMA_BINARY

// Roundings leave integers as they are.
struct Ceil {
  template <class V>
  KEIMA_INLINE static V of(V x) {
    if constexpr (is_float<V>) return ceil(x);
    return x;
  }
};
struct Floor {
  template <class V>
  KEIMA_INLINE static V of(V x) {
    if constexpr (is_float<V>) return floor(x);
    return x;
  }
};
// Half away from zero. x - trunc(x) is exact, so 0.49999997 does not round up as x + 0.5 would.
struct Round {
  template <class V>
  KEIMA_INLINE static V of(V x) {
    if constexpr (is_float<V>) {
      const V whole = trunc(x);
      const V away = copysign(splat<V>(1.0F), x);
      return abs(x - whole) >= 0.5F ? whole + away : whole;
    } else {
      return x;
    }
  }
};
struct Sign {
  template <class V>
  KEIMA_INLINE static V of(V x) {
    const V one = splat<V>(1);
    const V sign = x > 0 ? one : x < 0 ? -one : V{};
    if constexpr (is_float<V>) return is_nan(x) ? x : sign;
    return sign;
  }
};
struct Relu6 {
  template <class V>
  KEIMA_INLINE static V of(V x) {
    return min_ordered(splat<V>(6), max_ordered(V{}, x));
  }
};
struct IsNan {
  template <class V>
  KEIMA_INLINE static auto of(V x) {
    return is_nan(x);
  }
};
struct IsInf {
  template <class V>
  KEIMA_INLINE static auto of(V x) {
    if constexpr (is_float<V>) return abs(x) == __builtin_inff();
    else return x != x;
  }
};

// log(e^x + e^y) = max + log1p(e^-|x - y|); equal infinities have no difference.
struct LogAddExp {
  template <class V>
  KEIMA_INLINE static V of(V x, V y) {
    const V difference = x == y ? V{} : x - y;
    return maximum(x, y) + log1p(exp(-abs(difference)));
  }
};

// Lane by lane there is no vector division of integers; a zero divisor must not reach the processor's, which traps, and
// neither must INT_MIN / -1.
template <class V>
struct SafeDivision {
  V quotient, remainder;
  KEIMA_INLINE SafeDivision(V x, V y) {
    const V divisor = (y == 0) | (y == -1) ? splat<V>(1) : y;
    quotient = x / divisor;
    remainder = x - quotient * divisor;
    quotient = y == 0 ? V{} : y == -1 ? -x : quotient;
    remainder = (y == 0) | (y == -1) ? V{} : remainder;
    // From truncation to floor.
    const V off = (remainder != 0) & ((remainder ^ y) < 0);
    quotient = quotient + off;
    remainder = off != 0 ? remainder + y : remainder;
  }
};

struct FloorDiv {
  template <class V>
  KEIMA_INLINE static V of(V x, V y) {
    if constexpr (is_float<V>) return floor(x / y);
    else return SafeDivision<V>(x, y).quotient;
  }
};
// Floats: C's fmod, whose result has the dividend's sign; integers: the divisor's sign, as Python's. Both are MegEngine's.
// The float quotient is taken in double, exact while it stays below 2^29.
struct Mod {
  template <class V>
  KEIMA_INLINE static V of(V x, V y) {
    if constexpr (is_float<V>) {
      const auto a = convert<double>(x), b = convert<double>(y);
      const auto quotient = by_register(a / b, [](auto q) __attribute__((always_inline)) {
        return q - (q - convert<double>(convert<int64_t>(q)));
      });
      const V remainder = convert<float>(a - quotient * b);
      // An infinite divisor leaves the dividend.
      return copysign(abs(y) == __builtin_inff() ? x : remainder, x);
    } else {
      return SafeDivision<V>(x, y).remainder;
    }
  }
};

// Shifts by a count outside 0..31 give what shifting one by one would.
struct LeftShift {
  template <class V>
  KEIMA_INLINE static V of(V x, V y) {
    return (y < 0) | (y > 31) ? V{} : x << (y & 31);
  }
};
struct RightShift {
  template <class V>
  KEIMA_INLINE static V of(V x, V y) {
    return x >> ((y < 0) | (y > 31) ? splat<V>(31) : y);
  }
};

// The slope is a parameter of the op, handed in as a second operand.
struct LeakyRelu {
  template <class V>
  KEIMA_INLINE static V of(V x, V slope) {
    return x > 0 ? x : x * slope;
  }
};

struct Where {
  template <class M, class V>
  KEIMA_INLINE static V of(M mask, V x, V y) {
    return mask != 0 ? x : y;
  }
};

}  // namespace keima::KEIMA_ISA::bodies
