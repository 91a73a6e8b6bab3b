// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From the body of an operation to its loop over contiguous lanes.
#pragma once

#include "kernels/elementwise/operation.h"
#include "kernels/elementwise/variants.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {

// One vector of results: `body(vectors..., params)`. `load(k)` gives the k-th input's vector.
template <int inputs, class Body, class Load>
KEIMA_INLINE auto call_body(const Body& body, const double* params, const Load& load) {
  if constexpr (inputs == 1) return body(params, load(0));
  if constexpr (inputs == 2) return body(params, load(0), load(1));
  if constexpr (inputs == 3) return body(params, load(0), load(1), load(2));
  if constexpr (inputs == 4) return body(params, load(0), load(1), load(2), load(3));
}

// Body: a captureless lambda (params, vectors...) -> vector. Lanes are T; the result's lanes may be int32 (masks).
template <class T, int inputs, auto body>
void elementwise_loop(const void* const* in, void* out, int64_t n, const double* params) {
  const T* pointers[inputs];
  for (int k = 0; k < inputs; ++k) pointers[k] = static_cast<const T*>(in[k]);
  using Result = Lane<decltype(call_body<inputs>(body, params, [](int) { return Vec<T, kLanes>{}; }))>;
  Result* result = static_cast<Result*>(out);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    store(result + i, call_body<inputs>(body, params, [&](int k) __attribute__((always_inline)) {
            return load<kLanes>(pointers[k] + i);
          }));
  }
  if (i == n) return;
  const int rest = static_cast<int>(n - i);
  store_partial(result + i, call_body<inputs>(body, params, [&](int k) __attribute__((always_inline)) {
                  return load_partial<kLanes>(pointers[k] + i, rest);
                }), rest);
}

// Whether an operation of these lanes has a loop on T.
template <class T>
constexpr bool has_loop(ElementwiseLanes lanes) {
  if (lanes == ElementwiseLanes::Float) return __is_same(T, float);
  return lanes != ElementwiseLanes::Int || __is_same(T, int32_t);
}

template <class T, class Row>
constexpr ElementwiseLoop loop_if() {
  if constexpr (has_loop<T>(Row::lanes)) return elementwise_loop<T, Row::inputs, Row::body>;
  else return nullptr;
}

}  // namespace keima::KEIMA_ISA
