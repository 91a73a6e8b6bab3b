// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Moving lanes between memory and vectors. load<W>(const T*) gives float lanes for float, Float16 and Bfloat16, and int32
// lanes for integers and Bool (as 0 or 1); store() converts back: floats round to nearest even, integers wrap, Bool
// becomes 0 or 1. No alignment is asked for. The _partial forms touch n elements only, 0 < n <= W; lanes above n read
// as zero.
#pragma once

#include "simd/element.h"
#include "simd/vec.h"

namespace keima::KEIMA_ISA {

namespace memory {
template <class T>
struct ComputeOf {
  using type = int32_t;
};
template <>
struct ComputeOf<float> {
  using type = float;
};
template <>
struct ComputeOf<Float16> {
  using type = float;
};
template <>
struct ComputeOf<Bfloat16> {
  using type = float;
};
template <class T>
struct BitsOf {
  using type = T;
};
template <>
struct BitsOf<Float16> {
  using type = uint16_t;
};
template <>
struct BitsOf<Bfloat16> {
  using type = uint16_t;
};
template <>
struct BitsOf<Bool> {
  using type = uint8_t;
};
}  // namespace memory

// float or int32_t: what lanes of T compute in.
template <class T>
using Compute = typename memory::ComputeOf<T>::type;
template <class T>
using Bits = typename memory::BitsOf<T>::type;

// --- 16-bit floats -------------------------------------------------------------------------------------------------

template <int W>
KEIMA_INLINE Vec<float, W> float_from_bfloat16(Vec<uint16_t, W> v) {
  return bit_cast<Vec<float, W>>(__builtin_convertvector(v, Vec<uint32_t, W>) << 16);
}

// To nearest even; a NaN stays a (quiet) NaN.
template <int W>
KEIMA_INLINE Vec<uint16_t, W> bfloat16_from_float(Vec<float, W> v) {
  using U = Vec<uint32_t, W>;
  const U bits = bit_cast<U>(v);
  const U rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const U quiet = (bits >> 16) | 0x40U;
  return __builtin_convertvector(is_nan(v) ? quiet : rounded, Vec<uint16_t, W>);
}

// By integer arithmetic, for sets without a conversion instruction. The exponent is rebased by a multiplication, which
// also makes subnormals right; infinity and NaN, whose exponent that misses, get theirs by an or.
template <int W>
KEIMA_INLINE Vec<float, W> float_from_float16_bits(Vec<uint16_t, W> v) {
  using U = Vec<uint32_t, W>;
  using F = Vec<float, W>;
  const U h = __builtin_convertvector(v, U);
  const U magnitude = h & 0x7fffU;
  const U finite = bit_cast<U>(bit_cast<F>(magnitude << 13) * 0x1p112F);
  const U special = finite | 0x7f800000U;
  return bit_cast<F>((magnitude >= 0x7c00U ? special : finite) | ((h & 0x8000U) << 16));
}

template <int W>
KEIMA_INLINE Vec<uint16_t, W> float16_bits_from_float(Vec<float, W> v) {
  using U = Vec<uint32_t, W>;
  using F = Vec<float, W>;
  const U bits = bit_cast<U>(v);
  const U magnitude = bits & 0x7fffffffU;
  // Normal results: rebase the exponent and round the 13 dropped bits; a carry runs into the exponent as it should, up to
  // infinity. Below 2^-14, adding 0.5 lines the subnormal bits up at the bottom of the mantissa and rounds them.
  const U normal = (magnitude - (112U << 23) + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
  const U subnormal = bit_cast<U>(bit_cast<F>(magnitude) + 0.5F) - 0x3f000000U;
  U half = magnitude < 0x38800000U ? subnormal : normal;
  half = magnitude >= 0x47800000U ? U{} + 0x7c00U : half;
  half = magnitude > 0x7f800000U ? ((magnitude >> 13) & 0x3ffU) | 0x7e00U : half;
  return __builtin_convertvector(half | ((bits >> 16) & 0x8000U), Vec<uint16_t, W>);
}

template <int W>
KEIMA_INLINE Vec<float, W> float_from_float16(Vec<uint16_t, W> v) {
#if defined(__AVX512F__)
  if constexpr (W == 16) return _mm512_cvtph_ps(bit_cast<__m256i>(v));
#endif
#if defined(__F16C__)
  if constexpr (W == 8) return _mm256_cvtph_ps(bit_cast<__m128i>(v));
#endif
#if defined(__aarch64__)
  if constexpr (W == 4) return bit_cast<Vec<float, W>>(vcvt_f32_f16(bit_cast<float16x4_t>(v)));
#endif
  return float_from_float16_bits<W>(v);
}

template <int W>
KEIMA_INLINE Vec<uint16_t, W> float16_from_float(Vec<float, W> v) {
#if defined(__AVX512F__)
  if constexpr (W == 16) return bit_cast<Vec<uint16_t, W>>(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#endif
#if defined(__F16C__)
  if constexpr (W == 8) return bit_cast<Vec<uint16_t, W>>(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
#endif
#if defined(__aarch64__)
  if constexpr (W == 4) return bit_cast<Vec<uint16_t, W>>(vcvt_f16_f32(bit_cast<float32x4_t>(v)));
#endif
  return float16_bits_from_float<W>(v);
}

// --- small integers ------------------------------------------------------------------------------------------------
// GCC 12 converts one lane at a time when the width changes fourfold (8 to 32 bits), so that is done in two steps, or by
// the instruction that does it in one.

// Bytes to 32-bit lanes in one instruction; `has_widen_bytes` says whether this set has it for this many lanes.
#if defined(__AVX512F__)
template <int W>
inline constexpr bool has_widen_bytes = W == 16;
KEIMA_INLINE Vec<int32_t, 16> widen_bytes(Vec<int8_t, 16> v) {
  return bit_cast<Vec<int32_t, 16>>(_mm512_cvtepi8_epi32(bit_cast<__m128i>(v)));
}
KEIMA_INLINE Vec<int32_t, 16> widen_bytes(Vec<uint8_t, 16> v) {
  return bit_cast<Vec<int32_t, 16>>(_mm512_cvtepu8_epi32(bit_cast<__m128i>(v)));
}
#elif defined(__AVX2__)
template <int W>
inline constexpr bool has_widen_bytes = W == 8;
KEIMA_INLINE Vec<int32_t, 8> widen_bytes(Vec<int8_t, 8> v) {
  return bit_cast<Vec<int32_t, 8>>(_mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bit_cast<int64_t>(v))));
}
KEIMA_INLINE Vec<int32_t, 8> widen_bytes(Vec<uint8_t, 8> v) {
  return bit_cast<Vec<int32_t, 8>>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bit_cast<int64_t>(v))));
}
#elif defined(__SSE4_1__)
template <int W>
inline constexpr bool has_widen_bytes = W == 4;
KEIMA_INLINE Vec<int32_t, 4> widen_bytes(Vec<int8_t, 4> v) {
  return bit_cast<Vec<int32_t, 4>>(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bit_cast<int32_t>(v))));
}
KEIMA_INLINE Vec<int32_t, 4> widen_bytes(Vec<uint8_t, 4> v) {
  return bit_cast<Vec<int32_t, 4>>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bit_cast<int32_t>(v))));
}
#elif defined(__aarch64__)
template <int W>
inline constexpr bool has_widen_bytes = W == 4;
KEIMA_INLINE Vec<int32_t, 4> widen_bytes(Vec<int8_t, 4> v) {
  return bit_cast<Vec<int32_t, 4>>(vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bit_cast<uint32_t>(v))))));
}
KEIMA_INLINE Vec<int32_t, 4> widen_bytes(Vec<uint8_t, 4> v) {
  return bit_cast<Vec<int32_t, 4>>(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(bit_cast<uint32_t>(v))))));
}
#else
template <int W>
inline constexpr bool has_widen_bytes = false;
template <class V>
With<int32_t, V> widen_bytes(V v) = delete;
#endif

template <class T, int W>
KEIMA_INLINE Vec<int32_t, W> widen(Vec<T, W> v) {
  if constexpr (sizeof(T) == 1 && has_widen_bytes<W>) {
    return widen_bytes(v);
  } else if constexpr (__is_same(T, int8_t)) {
    return __builtin_convertvector(__builtin_convertvector(v, Vec<int16_t, W>), Vec<int32_t, W>);
  } else if constexpr (__is_same(T, uint8_t)) {
    return __builtin_convertvector(__builtin_convertvector(v, Vec<uint16_t, W>), Vec<int32_t, W>);
  } else {
    return __builtin_convertvector(v, Vec<int32_t, W>);
  }
}

// Keeps the low bits.
template <class T, int W>
KEIMA_INLINE Vec<T, W> narrow(Vec<int32_t, W> v) {
#if defined(__AVX512F__)
  if constexpr (W == 16 && sizeof(T) == 1) return bit_cast<Vec<T, W>>(_mm512_cvtepi32_epi8(bit_cast<__m512i>(v)));
#endif
  if constexpr (sizeof(T) == 1) {
    return __builtin_convertvector(__builtin_convertvector(v, Vec<int16_t, W>), Vec<T, W>);
  } else {
    return __builtin_convertvector(v, Vec<T, W>);
  }
}

// --- lanes as they lie in memory <-> lanes to compute with ---------------------------------------------------------

template <class T, int W>
KEIMA_INLINE Vec<Compute<T>, W> unpack(Vec<Bits<T>, W> raw) {
  if constexpr (__is_same(T, float) || __is_same(T, int32_t)) {
    return raw;
  } else if constexpr (__is_same(T, Float16)) {
    return float_from_float16<W>(raw);
  } else if constexpr (__is_same(T, Bfloat16)) {
    return float_from_bfloat16<W>(raw);
  } else if constexpr (__is_same(T, Bool)) {
    return (widen<uint8_t, W>(raw) != 0) & 1;
  } else {
    return widen<T, W>(raw);
  }
}

template <class T, int W>
KEIMA_INLINE Vec<Bits<T>, W> pack(Vec<Compute<T>, W> v) {
  if constexpr (__is_same(T, float) || __is_same(T, int32_t)) {
    return v;
  } else if constexpr (__is_same(T, Float16)) {
    return float16_from_float<W>(v);
  } else if constexpr (__is_same(T, Bfloat16)) {
    return bfloat16_from_float<W>(v);
  } else if constexpr (__is_same(T, Bool)) {
    return narrow<uint8_t, W>((v != 0) & 1);
  } else {
    return narrow<T, W>(v);
  }
}

template <int W, class T>
KEIMA_INLINE Vec<Compute<T>, W> load(const T* p) {
  Vec<Bits<T>, W> raw;
  memcpy(&raw, p, sizeof(raw));
  return unpack<T, W>(raw);
}

template <class T, class V>
KEIMA_INLINE void store(T* p, V v) {
  const auto raw = pack<T, lanes<V>>(v);
  memcpy(p, &raw, sizeof(raw));
}

// sum + v * *scale. AVX-512 reads the factor in the multiplication itself, which saves the instruction that would copy it
// to all lanes; written out, since GCC copies whatever is used twice. A sanitizer would not see that read.
template <class V>
KEIMA_INLINE V add_scaled(V sum, V v, const float* scale) {
#if defined(__AVX512F__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  if constexpr (sizeof(V) == kVectorBytes) {
    asm("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(v), "m"(*scale));
    return sum;
  }
#endif
  return sum + v * *scale;
}

template <int W, class T>
KEIMA_INLINE Vec<Compute<T>, W> load_partial(const T* p, int n) {
#if defined(__AVX512F__)
  if constexpr (W == 16 && sizeof(T) == 4) {
    return bit_cast<Vec<Compute<T>, W>>(_mm512_maskz_loadu_epi32(static_cast<__mmask16>(0xffffU >> (16 - n)), p));
  }
#endif
  Vec<Bits<T>, W> raw{};
  const Bits<T>* bits = reinterpret_cast<const Bits<T>*>(p);
#pragma GCC unroll 1
  for (int i = 0; i < n; ++i) raw[i] = bits[i];
  return unpack<T, W>(raw);
}

template <class T, class V>
KEIMA_INLINE void store_partial(T* p, V v, int n) {
  const auto raw = pack<T, lanes<V>>(v);
#if defined(__AVX512F__)
  if constexpr (lanes<V> == 16 && sizeof(T) == 4) {
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(0xffffU >> (16 - n)), bit_cast<__m512i>(raw));
    return;
  }
#endif
  Bits<T>* bits = reinterpret_cast<Bits<T>*>(p);
#pragma GCC unroll 1
  for (int i = 0; i < n; ++i) bits[i] = raw[i];
}

// One element, converted as a lane would be.
template <class T>
KEIMA_INLINE Compute<T> load_one(const T* p) {
  if constexpr (__is_same(T, Bool)) return p->value != 0;
  if constexpr (__is_same(T, Float16) || __is_same(T, Bfloat16)) return load_partial<kLanes>(p, 1)[0];
  if constexpr (!__is_same(T, Bool) && !__is_same(T, Float16) && !__is_same(T, Bfloat16)) return *p;
}
template <class T>
KEIMA_INLINE void store_one(T* p, Compute<T> x) {
  store_partial(p, splat<Vec<Compute<T>, kLanes>>(x), 1);
}

}  // namespace keima::KEIMA_ISA
