// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Compiled once for each instruction set; see probe.h.
#include "probe.h"

#include "simd/math_rare.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

using F = Vec<float, kLanes>;

template <auto operation>
void unary(const float* in, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, operation(load<kLanes>(in + i)));
  if (i < n) store_partial(out + i, operation(load_partial<kLanes>(in + i, static_cast<int>(n - i))), static_cast<int>(n - i));
}

template <auto operation>
void binary(const float* a, const float* b, float* out, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, operation(load<kLanes>(a + i), load<kLanes>(b + i)));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) store_partial(out + i, operation(load_partial<kLanes>(a + i, rest), load_partial<kLanes>(b + i, rest)), rest);
}

template <class T, class From>
T converted(From v) {
  if constexpr (__is_same(T, From)) return v;
  if constexpr (!__is_same(T, From)) return __builtin_convertvector(v, T);
}

template <class T>
void to_float(const void* in, float* out, int64_t n) {
  const T* p = static_cast<const T*>(in);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, converted<F>(load<kLanes>(p + i)));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) store_partial(out + i, converted<F>(load_partial<kLanes>(p + i, rest)), rest);
}

template <class T>
void from_float(const float* in, void* out, int64_t n) {
  using V = Vec<Compute<T>, kLanes>;
  T* p = static_cast<T*>(out);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(p + i, converted<V>(load<kLanes>(in + i)));
  const int rest = static_cast<int>(n - i);
  if (rest > 0) store_partial(p + i, converted<V>(load_partial<kLanes>(in + i, rest)), rest);
}

bool same(const char* a, const char* b) { return strcmp(a, b) == 0; }

UnaryProbe find_function(const char* name) {
  if (same(name, "exp")) return unary<[](F x) { return exp(x); }>;
  if (same(name, "log")) return unary<[](F x) { return log(x); }>;
  if (same(name, "log1p")) return unary<[](F x) { return log1p(x); }>;
  if (same(name, "tanh")) return unary<[](F x) { return tanh(x); }>;
  if (same(name, "sigmoid")) return unary<[](F x) { return sigmoid(x); }>;
  if (same(name, "softplus")) return unary<[](F x) { return softplus(x); }>;
  if (same(name, "erf")) return unary<[](F x) { return erf(x); }>;
  if (same(name, "sin")) return unary<[](F x) { return sin(x); }>;
  if (same(name, "cos")) return unary<[](F x) { return cos(x); }>;
  if (same(name, "tan")) return unary<[](F x) { return tan(x); }>;
  if (same(name, "atan")) return unary<[](F x) { return atan(x); }>;
  if (same(name, "asin")) return unary<[](F x) { return asin(x); }>;
  if (same(name, "acos")) return unary<[](F x) { return acos(x); }>;
  if (same(name, "expm1")) return unary<[](F x) { return expm1(x); }>;
  if (same(name, "sinh")) return unary<[](F x) { return sinh(x); }>;
  if (same(name, "cosh")) return unary<[](F x) { return cosh(x); }>;
  if (same(name, "asinh")) return unary<[](F x) { return asinh(x); }>;
  if (same(name, "acosh")) return unary<[](F x) { return acosh(x); }>;
  if (same(name, "atanh")) return unary<[](F x) { return atanh(x); }>;
  if (same(name, "erfc")) return unary<[](F x) { return erfc(x); }>;
  return nullptr;
}

UnaryProbe find_unary(const char* name) {
  if (same(name, "floor")) return unary<[](F x) { return floor(x); }>;
  if (same(name, "ceil")) return unary<[](F x) { return ceil(x); }>;
  if (same(name, "trunc")) return unary<[](F x) { return trunc(x); }>;
  if (same(name, "rint")) return unary<[](F x) { return rint(x); }>;
  if (same(name, "sqrt")) return unary<[](F x) { return sqrt(x); }>;
  if (same(name, "abs")) return unary<[](F x) { return abs(x); }>;
  return find_function(name);
}

BinaryProbe find_binary(const char* name) {
  if (same(name, "maximum")) return binary<[](F a, F b) { return maximum(a, b); }>;
  if (same(name, "minimum")) return binary<[](F a, F b) { return minimum(a, b); }>;
  if (same(name, "max_ordered")) return binary<[](F a, F b) { return max_ordered(a, b); }>;
  if (same(name, "min_ordered")) return binary<[](F a, F b) { return min_ordered(a, b); }>;
  if (same(name, "atan2")) return binary<[](F a, F b) { return atan2(a, b); }>;
  if (same(name, "pow")) return binary<[](F a, F b) { return pow(a, b); }>;
  if (same(name, "copysign")) return binary<[](F a, F b) { return copysign(a, b); }>;
  return nullptr;
}

Horizontal horizontal(const float* in) {
  const F v = load<kLanes>(in);
  return {kLanes, horizontal_sum(v), horizontal_product(v), horizontal_max(v), horizontal_min(v), any(v > 0)};
}

template <ScalarType type>
constexpr ConvertProbe convert_probe() {
  using T = typename Element<type>::Memory;
  return {type, to_float<T>, from_float<T>};
}

constexpr ConvertProbe kConverts[] = {
    convert_probe<ScalarType::kFloat32>(), convert_probe<ScalarType::kFloat16>(), convert_probe<ScalarType::kBfloat16>(),
    convert_probe<ScalarType::kInt32>(),   convert_probe<ScalarType::kInt16>(),   convert_probe<ScalarType::kInt8>(),
    convert_probe<ScalarType::kUint8>(),   convert_probe<ScalarType::kUint16>(),  convert_probe<ScalarType::kBool>(),
};

}  // namespace

const SimdProbe& simd_probe() {
  static const SimdProbe probe{find_unary, find_binary, horizontal, kConverts, 9, &scaled_probe()};
  return probe;
}

}  // namespace keima::KEIMA_ISA
