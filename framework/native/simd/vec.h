// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Vectors of W lanes, as GCC and Clang's vector extensions: + - * / & | ^ << >> and comparisons work on them as they are,
// `mask ? a : b` selects by lane, and a comparison gives a Vec<int32_t, W> whose lanes are 0 or -1. W may be several
// registers wide. Functions here are templates on the vector type V, so one body serves every W.
#pragma once

#include <stdint.h>
#include <string.h>

#include "simd/isa.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace keima::KEIMA_ISA {

template <class T, int W>
struct VecType {
  typedef T type __attribute__((vector_size(sizeof(T) * W)));
};
template <class T, int W>
using Vec = typename VecType<T, W>::type;

template <class T>
struct ValueOf {
  using type = T;
};
template <class T>
struct ValueOf<T&> {
  using type = T;
};
template <class V>
using Lane = typename ValueOf<decltype((V{}[0]))>::type;
template <class V>
inline constexpr int lanes = static_cast<int>(sizeof(V) / sizeof(V{}[0]));
// The vector of T with as many lanes as V has.
template <class T, class V>
using With = Vec<T, lanes<V>>;

// Every lane equal to x.
template <class V>
KEIMA_INLINE V splat(Lane<V> x) {
  return x - V{};  // x + 0 would turn -0.0 into 0.0
}

// The lanes' bits, read as lanes of another type of the same total size.
template <class To, class From>
KEIMA_INLINE To bit_cast(From v) {
  static_assert(sizeof(To) == sizeof(From));
  return reinterpret_cast<To>(v);
}

// The lanes' values, converted: float to integer truncates and must be in range.
template <class T, class V>
KEIMA_INLINE With<T, V> convert(V v) {
  return __builtin_convertvector(v, With<T, V>);
}

// a * b + c, rounded once where the instruction set has FMA.
template <class V>
KEIMA_INLINE V fma(V a, V b, V c) {
  return a * b + c;
}

template <class V>
KEIMA_INLINE auto is_nan(V v) {
  return v != v;
}

// --- one register at a time ---------------------------------------------------------------------------------------
// The operations that the extensions lack are written for one native register and applied piece by piece.

template <class V, class Operation>
KEIMA_INLINE V by_register(V a, const Operation& operation) {
  constexpr int kPieces = sizeof(V) / kVectorBytes;
  using Piece = Vec<Lane<V>, kVectorBytes / static_cast<int>(sizeof(Lane<V>))>;
  Piece x[kPieces];
  memcpy(x, &a, sizeof(V));
  for (int i = 0; i < kPieces; ++i) x[i] = operation(x[i]);
  memcpy(&a, x, sizeof(V));
  return a;
}

template <class V, class Operation>
KEIMA_INLINE V by_register(V a, V b, const Operation& operation) {
  constexpr int kPieces = sizeof(V) / kVectorBytes;
  using Piece = Vec<Lane<V>, kVectorBytes / static_cast<int>(sizeof(Lane<V>))>;
  Piece x[kPieces], y[kPieces];
  memcpy(x, &a, sizeof(V));
  memcpy(y, &b, sizeof(V));
  for (int i = 0; i < kPieces; ++i) x[i] = operation(x[i], y[i]);
  memcpy(&a, x, sizeof(V));
  return a;
}

// Whether V is made of whole native registers.
template <class V>
inline constexpr bool whole_registers = sizeof(V) % kVectorBytes == 0;

namespace native {
#if defined(__AVX512F__)
KEIMA_INLINE Vec<float, 16> max(Vec<float, 16> a, Vec<float, 16> b) { return _mm512_max_ps(a, b); }
KEIMA_INLINE Vec<float, 16> min(Vec<float, 16> a, Vec<float, 16> b) { return _mm512_min_ps(a, b); }
KEIMA_INLINE Vec<float, 16> sqrt(Vec<float, 16> a) { return _mm512_sqrt_ps(a); }
KEIMA_INLINE Vec<double, 8> sqrt(Vec<double, 8> a) { return _mm512_sqrt_pd(a); }
KEIMA_INLINE Vec<float, 16> floor(Vec<float, 16> a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF); }
KEIMA_INLINE Vec<float, 16> ceil(Vec<float, 16> a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_POS_INF); }
KEIMA_INLINE Vec<float, 16> trunc(Vec<float, 16> a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO); }
KEIMA_INLINE Vec<float, 16> rint(Vec<float, 16> a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__AVX2__)
KEIMA_INLINE Vec<float, 8> max(Vec<float, 8> a, Vec<float, 8> b) { return _mm256_max_ps(a, b); }
KEIMA_INLINE Vec<float, 8> min(Vec<float, 8> a, Vec<float, 8> b) { return _mm256_min_ps(a, b); }
KEIMA_INLINE Vec<float, 8> sqrt(Vec<float, 8> a) { return _mm256_sqrt_ps(a); }
KEIMA_INLINE Vec<double, 4> sqrt(Vec<double, 4> a) { return _mm256_sqrt_pd(a); }
KEIMA_INLINE Vec<float, 8> floor(Vec<float, 8> a) { return _mm256_floor_ps(a); }
KEIMA_INLINE Vec<float, 8> ceil(Vec<float, 8> a) { return _mm256_ceil_ps(a); }
KEIMA_INLINE Vec<float, 8> trunc(Vec<float, 8> a) { return _mm256_round_ps(a, _MM_FROUND_TO_ZERO); }
KEIMA_INLINE Vec<float, 8> rint(Vec<float, 8> a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__SSE4_1__)
KEIMA_INLINE Vec<float, 4> max(Vec<float, 4> a, Vec<float, 4> b) { return _mm_max_ps(a, b); }
KEIMA_INLINE Vec<float, 4> min(Vec<float, 4> a, Vec<float, 4> b) { return _mm_min_ps(a, b); }
KEIMA_INLINE Vec<float, 4> sqrt(Vec<float, 4> a) { return _mm_sqrt_ps(a); }
KEIMA_INLINE Vec<double, 2> sqrt(Vec<double, 2> a) { return _mm_sqrt_pd(a); }
KEIMA_INLINE Vec<float, 4> floor(Vec<float, 4> a) { return _mm_floor_ps(a); }
KEIMA_INLINE Vec<float, 4> ceil(Vec<float, 4> a) { return _mm_ceil_ps(a); }
KEIMA_INLINE Vec<float, 4> trunc(Vec<float, 4> a) { return _mm_round_ps(a, _MM_FROUND_TO_ZERO); }
KEIMA_INLINE Vec<float, 4> rint(Vec<float, 4> a) { return _mm_round_ps(a, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__aarch64__)
KEIMA_INLINE Vec<float, 4> as_vec(float32x4_t v) { return reinterpret_cast<Vec<float, 4>>(v); }
KEIMA_INLINE float32x4_t as_neon(Vec<float, 4> v) { return reinterpret_cast<float32x4_t>(v); }
KEIMA_INLINE Vec<float, 4> max(Vec<float, 4> a, Vec<float, 4> b) { return as_vec(vmaxq_f32(as_neon(a), as_neon(b))); }
KEIMA_INLINE Vec<float, 4> min(Vec<float, 4> a, Vec<float, 4> b) { return as_vec(vminq_f32(as_neon(a), as_neon(b))); }
KEIMA_INLINE Vec<float, 4> sqrt(Vec<float, 4> a) { return as_vec(vsqrtq_f32(as_neon(a))); }
KEIMA_INLINE Vec<double, 2> sqrt(Vec<double, 2> a) {
  return reinterpret_cast<Vec<double, 2>>(vsqrtq_f64(reinterpret_cast<float64x2_t>(a)));
}
KEIMA_INLINE Vec<float, 4> floor(Vec<float, 4> a) { return as_vec(vrndmq_f32(as_neon(a))); }
KEIMA_INLINE Vec<float, 4> ceil(Vec<float, 4> a) { return as_vec(vrndpq_f32(as_neon(a))); }
KEIMA_INLINE Vec<float, 4> trunc(Vec<float, 4> a) { return as_vec(vrndq_f32(as_neon(a))); }
KEIMA_INLINE Vec<float, 4> rint(Vec<float, 4> a) { return as_vec(vrndnq_f32(as_neon(a))); }
#else
// Any other target: one lane at a time.
template <class V, class Operation>
KEIMA_INLINE V by_lane(V a, const Operation& operation) {
  for (int i = 0; i < lanes<V>; ++i) a[i] = operation(a[i]);
  return a;
}
template <class V>
KEIMA_INLINE V max(V a, V b) {
  return a > b ? a : b;
}
template <class V>
KEIMA_INLINE V min(V a, V b) {
  return a < b ? a : b;
}
KEIMA_INLINE Vec<float, 4> sqrt(Vec<float, 4> a) {
  return by_lane(a, [](float x) { return __builtin_sqrtf(x); });
}
KEIMA_INLINE Vec<double, 2> sqrt(Vec<double, 2> a) {
  return by_lane(a, [](double x) { return __builtin_sqrt(x); });
}
KEIMA_INLINE Vec<float, 4> floor(Vec<float, 4> a) {
  return by_lane(a, [](float x) { return __builtin_floorf(x); });
}
KEIMA_INLINE Vec<float, 4> ceil(Vec<float, 4> a) {
  return by_lane(a, [](float x) { return __builtin_ceilf(x); });
}
KEIMA_INLINE Vec<float, 4> trunc(Vec<float, 4> a) {
  return by_lane(a, [](float x) { return __builtin_truncf(x); });
}
KEIMA_INLINE Vec<float, 4> rint(Vec<float, 4> a) {
  return by_lane(a, [](float x) { return __builtin_rintf(x); });
}
#endif
}  // namespace native

// One instruction: the larger (smaller) lane. Where b is NaN the result is NaN; where only a is, it is b or NaN. So
// `max_ordered(zero, x)` is a ReLU that lets NaN through.
template <class V>
KEIMA_INLINE V max_ordered(V a, V b) {
  if constexpr (__is_same(Lane<V>, float) && whole_registers<V>) {
    return by_register(a, b, [](auto x, auto y) __attribute__((always_inline)) { return native::max(x, y); });
  } else {
    return a > b ? a : b;
  }
}
template <class V>
KEIMA_INLINE V min_ordered(V a, V b) {
  if constexpr (__is_same(Lane<V>, float) && whole_registers<V>) {
    return by_register(a, b, [](auto x, auto y) __attribute__((always_inline)) { return native::min(x, y); });
  } else {
    return a < b ? a : b;
  }
}

// The larger (smaller) lane, NaN where either is NaN: NumPy's maximum (minimum).
template <class V>
KEIMA_INLINE V maximum(V a, V b) {
  if constexpr (__is_same(Lane<V>, int32_t)) return a > b ? a : b;
  return is_nan(a) ? a : max_ordered(a, b);
}
template <class V>
KEIMA_INLINE V minimum(V a, V b) {
  if constexpr (__is_same(Lane<V>, int32_t)) return a < b ? a : b;
  return is_nan(a) ? a : min_ordered(a, b);
}

template <class V>
KEIMA_INLINE V sqrt(V a) {
  return by_register(a, [](auto x) __attribute__((always_inline)) { return native::sqrt(x); });
}
template <class V>
KEIMA_INLINE V floor(V a) {
  return by_register(a, [](auto x) __attribute__((always_inline)) { return native::floor(x); });
}
template <class V>
KEIMA_INLINE V ceil(V a) {
  return by_register(a, [](auto x) __attribute__((always_inline)) { return native::ceil(x); });
}
// Towards zero.
template <class V>
KEIMA_INLINE V trunc(V a) {
  return by_register(a, [](auto x) __attribute__((always_inline)) { return native::trunc(x); });
}
// To the nearest integer, ties to even.
template <class V>
KEIMA_INLINE V rint(V a) {
  return by_register(a, [](auto x) __attribute__((always_inline)) { return native::rint(x); });
}

// --- sign and magnitude of float lanes, by their bits -------------------------------------------------------------

inline constexpr int32_t kSignBit = INT32_MIN;

template <class V>
KEIMA_INLINE V abs(V a) {
  if constexpr (__is_same(Lane<V>, int32_t)) return a < 0 ? -a : a;
  if constexpr (__is_same(Lane<V>, double)) return bit_cast<V>(bit_cast<With<int64_t, V>>(a) & INT64_MAX);
  if constexpr (__is_same(Lane<V>, float)) return bit_cast<V>(bit_cast<With<int32_t, V>>(a) & INT32_MAX);
}

// |magnitude| with the sign of `sign`.
template <class V>
KEIMA_INLINE V copysign(V magnitude, V sign) {
  using I = With<int32_t, V>;
  return bit_cast<V>((bit_cast<I>(magnitude) & INT32_MAX) | (bit_cast<I>(sign) & kSignBit));
}

// --- across lanes: always the same tree, halves folded onto each other ---------------------------------------------

template <class V>
struct Halves {
  Vec<Lane<V>, lanes<V> / 2> low, high;
};

template <class V>
KEIMA_INLINE Halves<V> halves(V v) {
  Halves<V> result;
#if defined(__AVX512F__)
  // GCC 12 sends the memcpy below through the stack.
  if constexpr (sizeof(V) == 64) {
    result.low = bit_cast<decltype(result.low)>(_mm512_castps512_ps256(bit_cast<__m512>(v)));
    result.high = bit_cast<decltype(result.low)>(_mm512_extractf32x8_ps(bit_cast<__m512>(v), 1));
    return result;
  }
#endif
  memcpy(&result, &v, sizeof(V));
  return result;
}

template <class V, class Operation>
KEIMA_INLINE Lane<V> fold(V v, const Operation& operation) {
  if constexpr (sizeof(V) > 16) {
    const Halves<V> half = halves(v);
    return fold(operation(half.low, half.high), operation);
  } else if constexpr (lanes<V> == 4) {
    v = operation(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
    return operation(v, __builtin_shufflevector(v, v, 1, 0, 3, 2))[0];
  } else {
    static_assert(lanes<V> == 2);
    return operation(v, __builtin_shufflevector(v, v, 1, 0))[0];
  }
}

template <class V>
KEIMA_INLINE Lane<V> horizontal_sum(V v) {
  return fold(v, [](auto a, auto b) __attribute__((always_inline)) { return a + b; });
}
template <class V>
KEIMA_INLINE Lane<V> horizontal_product(V v) {
  return fold(v, [](auto a, auto b) __attribute__((always_inline)) { return a * b; });
}
// NaN if any lane is NaN.
template <class V>
KEIMA_INLINE Lane<V> horizontal_max(V v) {
  return fold(v, [](auto a, auto b) __attribute__((always_inline)) { return maximum(a, b); });
}
template <class V>
KEIMA_INLINE Lane<V> horizontal_min(V v) {
  return fold(v, [](auto a, auto b) __attribute__((always_inline)) { return minimum(a, b); });
}
// Whether any lane of a mask is set.
template <class V>
KEIMA_INLINE bool any(V mask) {
  return fold(mask, [](auto a, auto b) __attribute__((always_inline)) { return a | b; }) != 0;
}

// 0, 1, 2 ...
template <class V>
KEIMA_INLINE V iota() {
  V v{};
  for (int i = 0; i < lanes<V>; ++i) v[i] = static_cast<Lane<V>>(i);
  return v;
}

}  // namespace keima::KEIMA_ISA
