// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/dtype.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace keima {
namespace {

constexpr std::array<std::pair<std::string_view, ScalarType>, 9> kNames{{
    {"float32", ScalarType::kFloat32},
    {"float16", ScalarType::kFloat16},
    {"bfloat16", ScalarType::kBfloat16},
    {"int32", ScalarType::kInt32},
    {"int16", ScalarType::kInt16},
    {"int8", ScalarType::kInt8},
    {"uint8", ScalarType::kUint8},
    {"uint16", ScalarType::kUint16},
    {"bool", ScalarType::kBool},
}};

std::string_view quantized_name(ScalarType storage) {
  switch (storage) {
    case ScalarType::kInt8: return "qint8";
    case ScalarType::kUint8: return "quint8";
    case ScalarType::kInt32: return "qint32";
    default: return "quantized";
  }
}

}  // namespace

std::string_view DType::name() const noexcept {
  if (quant_) return quantized_name(scalar_);
  for (const auto& [name, scalar] : kNames)
    if (scalar == scalar_) return name;
  return "unknown";
}

bool DType::holds(double value) const noexcept {
  switch (scalar_) {
    case ScalarType::kInt32: return value >= -2147483648.0 && value <= 2147483647.0;
    case ScalarType::kInt16: return value >= -32768 && value <= 32767;
    case ScalarType::kInt8: return value >= -128 && value <= 127;
    case ScalarType::kUint16: return value >= 0 && value <= 65535;
    case ScalarType::kUint8: return value >= 0 && value <= 255;
    default: return true;
  }
}

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const auto& [known, scalar] : kNames)
    if (known == name) return DType(scalar);
  return std::nullopt;
}

std::string dtype_names() {
  std::string names;
  for (const auto& [name, scalar] : kNames) names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

DType promote(std::string_view op, const DType& a, const DType& b) {
  if (a == b) return a;
  if (a.is_quantized() || b.is_quantized())
    fail(ErrorKind::kDtype, op, ": quantized types do not promote; got ", a, " and ", b, "; dequantize first");
  if (a.is_float() || b.is_float() || a.is_bool() || b.is_bool()) return ScalarType::kFloat32;
  if (a.is_unsigned() != b.is_unsigned())
    fail(ErrorKind::kDtype, op, ": ", a, " and ", b, " differ in signedness and do not promote; convert one with astype()");
  return a.itemsize() >= b.itemsize() ? a : b;
}

}  // namespace keima
