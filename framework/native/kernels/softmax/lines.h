// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The two ways in which n elements are reduced, behind one interface, so that an algorithm is written once. A row: its
// elements are contiguous, a step is a vector of them and a reduction ends across lanes. Columns: neighbouring lanes are
// neighbouring columns, a step is one element of each and lanes never meet.
#pragma once

#include "simd/math.h"
#include "simd/memory.h"
#include "simd/sum.h"

namespace keima::KEIMA_ISA {

using F = Vec<float, kLanes>;

struct Row {
  int64_t n;

  explicit Row(int64_t elements, int64_t /*inner*/, int /*columns*/) : n(elements) {}
  int64_t steps() const { return (n + kLanes - 1) / kLanes; }
  int lanes_at(int64_t step) const { return n - step * kLanes < kLanes ? static_cast<int>(n - step * kLanes) : kLanes; }

  // Lanes past the end are `fill`.
  template <class T>
  KEIMA_INLINE F load(const T* p, int64_t step, float fill) const {
    const int count = lanes_at(step);
    if (count == kLanes) return KEIMA_ISA::load<kLanes>(p + step * kLanes);
    return iota<Vec<int32_t, kLanes>>() < count ? load_partial<kLanes>(p + step * kLanes, count) : splat<F>(fill);
  }
  template <class T>
  KEIMA_INLINE void store(T* p, int64_t step, F v) const {
    const int count = lanes_at(step);
    if (count == kLanes) return KEIMA_ISA::store(p + step * kLanes, v);
    store_partial(p + step * kLanes, v, count);
  }
  KEIMA_INLINE F sum(F v) const { return splat<F>(horizontal_sum(v)); }
  KEIMA_INLINE F max(F v) const { return splat<F>(horizontal_max(v)); }

  // One number for the whole row, where a result has no n.
  template <class T>
  KEIMA_INLINE F load_result(const T* p) const {
    return splat<F>(load_one(p));
  }
  template <class T>
  KEIMA_INLINE void store_result(T* p, F v) const {
    store_one(p, v[0]);
  }
  // x[label], for every lane.
  template <class T>
  KEIMA_INLINE F pick(const T* p, const int32_t* label) const {
    return splat<F>(load_one(p + *label));
  }
  // 1 where the step's element is the label.
  KEIMA_INLINE F one_hot(const int32_t* label, int64_t step) const {
    const auto here = iota<Vec<int32_t, kLanes>>() + static_cast<int32_t>(step * kLanes) == *label;
    return here ? splat<F>(1.F) : F{};
  }
};

struct Columns {
  int64_t n;
  int64_t inner;
  int width;

  explicit Columns(int64_t elements, int64_t stride, int columns) : n(elements), inner(stride), width(columns) {}
  int64_t steps() const { return n; }

  template <class T>
  KEIMA_INLINE F load(const T* p, int64_t step, float /*fill*/) const {
    return load_result(p + step * inner);
  }
  template <class T>
  KEIMA_INLINE void store(T* p, int64_t step, F v) const {
    store_result(p + step * inner, v);
  }
  KEIMA_INLINE F sum(F v) const { return v; }
  KEIMA_INLINE F max(F v) const { return v; }

  template <class T>
  KEIMA_INLINE F load_result(const T* p) const {
    return width == kLanes ? KEIMA_ISA::load<kLanes>(p) : load_partial<kLanes>(p, width);
  }
  template <class T>
  KEIMA_INLINE void store_result(T* p, F v) const {
    if (width == kLanes) return KEIMA_ISA::store(p, v);
    store_partial(p, v, width);
  }
  template <class T>
  KEIMA_INLINE F pick(const T* p, const int32_t* label) const {
    F v{};
    for (int i = 0; i < width; ++i) v[i] = load_one(p + label[i] * inner + i);
    return v;
  }
  KEIMA_INLINE F one_hot(const int32_t* label, int64_t step) const {
    const auto labels = width == kLanes ? KEIMA_ISA::load<kLanes>(label) : load_partial<kLanes>(label, width);
    return labels == static_cast<int32_t>(step) ? splat<F>(1.F) : F{};
  }
};

// Calls body(line, element, result) for the tasks [begin, end): `element` and `result` are the offsets of the task's first
// element in [outer][n][inner] and in [outer][inner].
template <class Args, class Body>
void for_lines(const Args& args, int64_t begin, int64_t end, const Body& body) {
  if (args.inner == 1) {
    const Row row(args.n, 1, 1);
    for (int64_t i = begin; i < end; ++i) body(row, i * args.n, i);
    return;
  }
  const int64_t groups = (args.inner + kLanes - 1) / kLanes;
  for (int64_t i = begin; i < end; ++i) {
    const int64_t outer = i / groups;
    const int64_t column = i % groups * kLanes;
    const int64_t left = args.inner - column;
    const Columns columns(args.n, args.inner, left < kLanes ? static_cast<int>(left) : kLanes);
    body(columns, outer * args.n * args.inner + column, outer * args.inner + column);
  }
}

// Calls body(T{}) with the element type of `type`, which is a floating one.
template <class Body>
void with_float_type(ScalarType type, const Body& body) {
  if (type == ScalarType::kFloat16) return body(Float16{});
  if (type == ScalarType::kBfloat16) return body(Bfloat16{});
  body(float{});
}

}  // namespace keima::KEIMA_ISA
