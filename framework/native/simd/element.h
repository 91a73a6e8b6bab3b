// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The C++ type of each ScalarType in memory, and the type that arithmetic on it uses.
#pragma once

#include "base/freestanding/scalar_type.h"

namespace keima {

// Storage only: no arithmetic, so that nothing is computed in 16 bits by accident.
struct Float16 {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};
struct Bool {
  uint8_t value;  // 0 or 1; any other value reads as 1
};

// Element<ScalarType::kFloat16>::Memory is Float16, ::Compute is float.
template <ScalarType type>
struct Element;
template <>
struct Element<ScalarType::kFloat32> {
  using Memory = float;
  using Compute = float;
};
template <>
struct Element<ScalarType::kFloat16> {
  using Memory = Float16;
  using Compute = float;
};
template <>
struct Element<ScalarType::kBfloat16> {
  using Memory = Bfloat16;
  using Compute = float;
};
template <>
struct Element<ScalarType::kInt32> {
  using Memory = int32_t;
  using Compute = int32_t;
};
template <>
struct Element<ScalarType::kInt16> {
  using Memory = int16_t;
  using Compute = int32_t;
};
template <>
struct Element<ScalarType::kInt8> {
  using Memory = int8_t;
  using Compute = int32_t;
};
template <>
struct Element<ScalarType::kUint8> {
  using Memory = uint8_t;
  using Compute = int32_t;
};
template <>
struct Element<ScalarType::kUint16> {
  using Memory = uint16_t;
  using Compute = int32_t;
};
template <>
struct Element<ScalarType::kBool> {
  using Memory = Bool;
  using Compute = int32_t;
};

}  // namespace keima
