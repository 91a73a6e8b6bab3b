// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What makes a body of bodies/*.h an elementwise operation: a row in the list at the end of its file,
//     KEIMA_OPERATION(name, inputs, lanes, result)
// with lanes and result as elementwise.h explains them. Fused chains and the executor call the bodies themselves.
#pragma once

#include "kernels/elementwise/elementwise.h"
#include "simd/vec.h"

namespace keima::KEIMA_ISA {

template <class V>
inline constexpr bool is_int = __is_same(Lane<V>, int32_t);

// A name as a template argument.
template <int size>
struct OperationName {
  char text[size] = {};
  constexpr OperationName(const char (&name)[size]) {  // NOLINT: written as a literal
    for (int i = 0; i < size; ++i) text[i] = name[i];
  }
};

// body(params, vectors...) gives the vector of results.
template <OperationName name, int arity, ElementwiseLanes lanes_of, ElementwiseResult result_of, auto body_of>
struct Operation {
  static constexpr int inputs = arity;
  static constexpr ElementwiseLanes lanes = lanes_of;
  static constexpr auto body = body_of;
  static constexpr ElementwiseInfo info{name.text, arity, lanes_of, result_of};
};

template <class... Rows>
struct Operations {};

}  // namespace keima::KEIMA_ISA

// A function template cannot be a template argument; the lambda around it can. Bodies that read parameters take them last.
#define KEIMA_OPERATION(name, inputs, lanes, result)                                                        \
  Operation<#name, inputs, ElementwiseLanes::lanes, ElementwiseResult::result,                              \
            []([[maybe_unused]] const double* params, auto... v) __attribute__((always_inline)) {           \
              if constexpr (requires { op::name(v..., params); }) return op::name(v..., params);            \
              else return op::name(v...);                                                                   \
            }>
