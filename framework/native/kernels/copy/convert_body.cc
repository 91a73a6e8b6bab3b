// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/copy/convert_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

// To bool a fraction counts as true, so floats are compared before they would be truncated.
template <class To, class V>
KEIMA_INLINE auto as_lanes_of(V v) {
  if constexpr (__is_same(To, Bool) && __is_same(Lane<V>, float)) {
    return (v != V{}) & 1;
  } else if constexpr (__is_same(Compute<To>, Lane<V>)) {
    return v;
  } else {
    return convert<Compute<To>>(v);
  }
}

template <class From, class To>
void run(const void* from, void* to, int64_t count) {
  const auto* in = static_cast<const From*>(from);
  auto* out = static_cast<To*>(to);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(out + i, as_lanes_of<To>(load<kLanes>(in + i)));
  if (i < count) store_partial(out + i, as_lanes_of<To>(load_partial<kLanes>(in + i, static_cast<int>(count - i))), static_cast<int>(count - i));
}

template <class From>
void run_to(ScalarType to, const void* in, void* out, int64_t count) {
  switch (to) {
    case ScalarType::kFloat32: return run<From, float>(in, out, count);
    case ScalarType::kFloat16: return run<From, Float16>(in, out, count);
    case ScalarType::kBfloat16: return run<From, Bfloat16>(in, out, count);
    case ScalarType::kInt32: return run<From, int32_t>(in, out, count);
    case ScalarType::kInt16: return run<From, int16_t>(in, out, count);
    case ScalarType::kInt8: return run<From, int8_t>(in, out, count);
    case ScalarType::kUint8: return run<From, uint8_t>(in, out, count);
    case ScalarType::kUint16: return run<From, uint16_t>(in, out, count);
    case ScalarType::kBool: return run<From, Bool>(in, out, count);
  }
}

}  // namespace

void convert_run(ScalarType from, const void* in, ScalarType to, void* out, int64_t count) {
  switch (from) {
    case ScalarType::kFloat32: return run_to<float>(to, in, out, count);
    case ScalarType::kFloat16: return run_to<Float16>(to, in, out, count);
    case ScalarType::kBfloat16: return run_to<Bfloat16>(to, in, out, count);
    case ScalarType::kInt32: return run_to<int32_t>(to, in, out, count);
    case ScalarType::kInt16: return run_to<int16_t>(to, in, out, count);
    case ScalarType::kInt8: return run_to<int8_t>(to, in, out, count);
    case ScalarType::kUint8: return run_to<uint8_t>(to, in, out, count);
    case ScalarType::kUint16: return run_to<uint16_t>(to, in, out, count);
    case ScalarType::kBool: return run_to<Bool>(to, in, out, count);
  }
}

}  // namespace keima::KEIMA_ISA
