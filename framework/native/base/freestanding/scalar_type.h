// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The element types that memory can hold; quantized types are these with scales on top (base/dtype.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace keima {

enum class ScalarType : uint8_t {
  kFloat32,
  kFloat16,
  kBfloat16,
  kInt32,
  kInt16,
  kInt8,
  kUint8,
  kUint16,
  kBool,
};

// Bytes of one element.
constexpr size_t size_of(ScalarType type) {
  switch (type) {
    case ScalarType::kFloat32:
    case ScalarType::kInt32:
      return 4;
    case ScalarType::kFloat16:
    case ScalarType::kBfloat16:
    case ScalarType::kInt16:
    case ScalarType::kUint16:
      return 2;
    case ScalarType::kInt8:
    case ScalarType::kUint8:
    case ScalarType::kBool:
      return 1;
  }
  return 0;
}

}  // namespace keima
