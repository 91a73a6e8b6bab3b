// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The element type of a tensor: a handle, so that a quantized type can carry its scales, zero points and axis.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/freestanding/scalar_type.h"
#include "base/ref.h"

namespace keima {

// How integers stand for reals: real = scale * (code - zero_point), one pair a tensor or one for each index of `axis`
// (or for each `group` consecutive indices of it).
struct QuantParams : RefCounted {
  std::vector<float> scales;
  std::vector<int32_t> zero_points;
  int axis = -1;  // -1: per tensor
  int64_t group = 0;  // 0: no groups
  int32_t lowest = -128;
  int32_t highest = 127;
};

class DType {
 public:
  constexpr DType() = default;
  DType(ScalarType scalar) : scalar_(scalar) {}
  DType(ScalarType storage, Ref<const QuantParams> quant) : scalar_(storage), quant_(std::move(quant)) {}

  // The type of the stored integers or floats.
  ScalarType scalar() const noexcept { return scalar_; }
  int64_t itemsize() const noexcept { return static_cast<int64_t>(size_of(scalar_)); }
  const QuantParams* quant() const noexcept { return quant_.get(); }
  bool is_quantized() const noexcept { return static_cast<bool>(quant_); }
  bool is_float() const noexcept {
    return scalar_ == ScalarType::kFloat32 || scalar_ == ScalarType::kFloat16 || scalar_ == ScalarType::kBfloat16;
  }
  bool is_bool() const noexcept { return scalar_ == ScalarType::kBool; }
  bool is_integer() const noexcept { return !is_float() && !is_bool(); }
  bool is_unsigned() const noexcept { return scalar_ == ScalarType::kUint8 || scalar_ == ScalarType::kUint16; }
  std::string_view name() const noexcept;
  // Whether the type has this number, or for floats and bool one that stands for it.
  bool holds(double value) const noexcept;

  friend bool operator==(const DType& a, const DType& b) noexcept { return a.scalar_ == b.scalar_ && a.quant_ == b.quant_; }
  friend std::ostream& operator<<(std::ostream& stream, const DType& dtype) { return stream << dtype.name(); }

 private:
  ScalarType scalar_ = ScalarType::kFloat32;
  Ref<const QuantParams> quant_;
};

// A dtype by its NumPy-like name ("float32", "bfloat16", "bool"); empty if there is none.
std::optional<DType> dtype_from_name(std::string_view name);

// The names `dtype_from_name` takes, for messages.
std::string dtype_names();

// The type that arithmetic on `a` and `b` is done in, by MegEngine's rules: equal types stay; float16 or bfloat16 with
// anything else, and bool with anything, give float32; integers of one signedness give the wider; mixed signedness is
// an error that names the op.
DType promote(std::string_view op, const DType& a, const DType& b);

}  // namespace keima
