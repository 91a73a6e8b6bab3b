// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From the body of an operation to its loop over contiguous lanes.
#pragma once

#include "kernels/elementwise/functions.h"
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
  return lanes == ElementwiseLanes::Number || (lanes == ElementwiseLanes::Float) == __is_same(T, float);
}

// The body named `name` as a lambda; dependent on V, so that only operations with a loop on T are instantiated.
template <class T, int inputs, ElementwiseLanes lanes, auto body>
constexpr ElementwiseLoop loop_if() {
  if constexpr (has_loop<T>(lanes)) return elementwise_loop<T, inputs, body>;
  if constexpr (!has_loop<T>(lanes)) return nullptr;
}

template <class T>
ElementwiseLoop find_loop(ElementwiseOp op_code) {
  switch (op_code) {
#define KEIMA_PARAMS_0
#define KEIMA_PARAMS_1 , params
#define KEIMA_PARAMS_2 , params
#define KEIMA_ELEMENTWISE(name, inputs, lanes, result, count)                                                  \
  case ElementwiseOp::name:                                                                                    \
    return loop_if<T, inputs, ElementwiseLanes::lanes,                                                         \
                   []([[maybe_unused]] const double* params, auto... v) __attribute__((always_inline)) {       \
                     return op::name(v... KEIMA_PARAMS_##count);                                               \
                   }>();
#include "kernels/elementwise/ops.inc"
#undef KEIMA_ELEMENTWISE
    case ElementwiseOp::none:
      break;
#undef KEIMA_PARAMS_0
#undef KEIMA_PARAMS_1
#undef KEIMA_PARAMS_2
  }
  return nullptr;
}

}  // namespace keima::KEIMA_ISA
