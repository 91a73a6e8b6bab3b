// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Arrays of any floating element type, written and read as floats, for kernels that take several.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/elementwise/elementwise.h"
#include "simd/variants.h"

namespace keima::test {

// Relative spacing of the type's numbers.
inline double epsilon_of(ScalarType type) {
  if (type == ScalarType::kFloat16) return 0x1p-10;
  return type == ScalarType::kBfloat16 ? 0x1p-7 : 0x1p-23;
}

// `values` rounded to `type`, as memory that a kernel can be given.
class FloatArray {
 public:
  FloatArray(ScalarType type, const std::vector<float>& values) : type_(type), bytes_(values.size() * size_of(type)) {
    convert(values.data(), ScalarType::kFloat32, bytes_.data(), type, values.size());
  }
  FloatArray(ScalarType type, size_t count) : FloatArray(type, std::vector<float>(count, -12345.F)) {}

  void* data() { return bytes_.data(); }
  std::vector<float> floats() const {
    std::vector<float> values(bytes_.size() / size_of(type_));
    convert(bytes_.data(), type_, values.data(), ScalarType::kFloat32, values.size());
    return values;
  }

 private:
  static void convert(const void* in, ScalarType in_type, void* out, ScalarType out_type, size_t count) {
    const auto n = static_cast<int64_t>(count);
    ElementwiseArgs args;
    args.op = elementwise_op_from_name("identity");
    args.ndim = 1;
    args.shape = &n;
    args.in[0] = {in, in_type, nullptr};
    args.out = out;
    args.out_type = out_type;
    elementwise(Exec{kBuiltIsas[0], {}}, args);
  }

  ScalarType type_;
  std::vector<char> bytes_;
};

}  // namespace keima::test
