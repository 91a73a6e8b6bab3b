// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Operands in memory <-> float32 or int32 lanes, for one instruction set.
#include "kernels/elementwise/variants.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

// Truncates; INT32_MIN for what int32 cannot hold and NaN, which x86 gives by itself.
template <class V>
KEIMA_INLINE With<int32_t, V> to_int(V v) {
#if defined(__x86_64__)
  return convert<int32_t>(v);
#else
  const auto fits = (v >= -0x1p31F) & (v < 0x1p31F);
  return fits ? convert<int32_t>(fits ? v : V{}) : splat<With<int32_t, V>>(INT32_MIN);
#endif
}

template <class To, class V>
KEIMA_INLINE With<To, V> to_lanes(V v) {
  if constexpr (__is_same(Lane<V>, To)) {
    return v;
  } else if constexpr (__is_same(To, float)) {
    return convert<float>(v);
  } else {
    return to_int(v);
  }
}

// Lanes of From as what T in memory computes with; a bool is any value but 0, so 0.5 too.
template <class T, class V>
KEIMA_INLINE With<Compute<T>, V> to_memory_lanes(V v) {
  if constexpr (__is_same(T, Bool) && __is_same(Lane<V>, float)) {
    return v != 0.F;
  } else {
    return to_lanes<Compute<T>>(v);
  }
}

template <class T, class L>
void load_lanes(const void* memory, int64_t stride, void* out, int64_t n) {
  const T* p = static_cast<const T*>(memory);
  L* lanes = static_cast<L*>(out);
  int64_t i = 0;
  if (stride == 1) {
    for (; i + kLanes <= n; i += kLanes) store(lanes + i, to_lanes<L>(load<kLanes>(p + i)));
    const int rest = static_cast<int>(n - i);
    if (rest > 0) store_partial(lanes + i, to_lanes<L>(load_partial<kLanes>(p + i, rest)), rest);
    return;
  }
  if (stride == 0) {
    const auto v = splat<Vec<L, kLanes>>(to_lanes<L>(load_partial<kLanes>(p, 1))[0]);
    for (; i + kLanes <= n; i += kLanes) store(lanes + i, v);
    if (i < n) store_partial(lanes + i, v, static_cast<int>(n - i));
    return;
  }
  for (; i < n; i += kLanes) {
    const int count = n - i < kLanes ? static_cast<int>(n - i) : kLanes;
    T gathered[kLanes] = {};
    for (int k = 0; k < count; ++k) gathered[k] = p[(i + k) * stride];
    const auto v = to_lanes<L>(load<kLanes>(gathered));
    if (count == kLanes) store(lanes + i, v);
    if (count < kLanes) store_partial(lanes + i, v, count);
  }
}

template <class T, class L>
void store_lanes(const void* in, void* memory, int64_t stride, int64_t n) {
  const L* lanes = static_cast<const L*>(in);
  T* p = static_cast<T*>(memory);
  int64_t i = 0;
  if (stride == 1) {
    for (; i + kLanes <= n; i += kLanes) store(p + i, to_memory_lanes<T>(load<kLanes>(lanes + i)));
    const int rest = static_cast<int>(n - i);
    if (rest > 0) store_partial(p + i, to_memory_lanes<T>(load_partial<kLanes>(lanes + i, rest)), rest);
    return;
  }
  for (; i < n; i += kLanes) {
    const int count = n - i < kLanes ? static_cast<int>(n - i) : kLanes;
    T converted[kLanes];
    store(converted, to_memory_lanes<T>(load_partial<kLanes>(lanes + i, count)));
    for (int k = 0; k < count; ++k) p[(i + k) * stride] = converted[k];
  }
}

template <ScalarType type>
using MemoryOf = typename Element<type>::Memory;

// `make(T{})` with T the element type of `type`.
template <class Make>
auto with_type(ScalarType type, const Make& make) {
  switch (type) {
    case ScalarType::kFloat32:
      return make(float{});
    case ScalarType::kFloat16:
      return make(Float16{});
    case ScalarType::kBfloat16:
      return make(Bfloat16{});
    case ScalarType::kInt32:
      return make(int32_t{});
    case ScalarType::kInt16:
      return make(int16_t{});
    case ScalarType::kInt8:
      return make(int8_t{});
    case ScalarType::kUint8:
      return make(uint8_t{});
    case ScalarType::kUint16:
      return make(uint16_t{});
    case ScalarType::kBool:
      return make(Bool{});
  }
  return decltype(make(float{})){};
}

}  // namespace

ElementwiseLoad elementwise_load_float(ScalarType type) {
  return with_type(type, []<class T>(T) -> ElementwiseLoad { return load_lanes<T, float>; });
}
ElementwiseLoad elementwise_load_int(ScalarType type) {
  return with_type(type, []<class T>(T) -> ElementwiseLoad { return load_lanes<T, int32_t>; });
}
ElementwiseStore elementwise_store_float(ScalarType type) {
  return with_type(type, []<class T>(T) -> ElementwiseStore { return store_lanes<T, float>; });
}
ElementwiseStore elementwise_store_int(ScalarType type) {
  return with_type(type, []<class T>(T) -> ElementwiseStore { return store_lanes<T, int32_t>; });
}

}  // namespace keima::KEIMA_ISA
