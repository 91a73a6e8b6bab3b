// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A short list of sizes, strides or axes, kept inline: tensors have at most kMaxDims dimensions.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

#include "base/error.h"

namespace keima {

inline constexpr int kMaxDims = 8;

class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const int64_t> values) {
    for (int64_t value : values) push_back(value);
  }
  static Dims filled(int count, int64_t value) {
    Dims dims;
    for (int i = 0; i < count; ++i) dims.push_back(value);
    return dims;
  }

  int size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  int64_t operator[](int i) const noexcept { return values_[static_cast<size_t>(i)]; }
  int64_t& operator[](int i) noexcept { return values_[static_cast<size_t>(i)]; }
  int64_t back() const noexcept { return (*this)[size_ - 1]; }
  const int64_t* data() const noexcept { return values_.data(); }
  const int64_t* begin() const noexcept { return values_.data(); }
  const int64_t* end() const noexcept { return values_.data() + size_; }

  void push_back(int64_t value) {
    if (size_ == kMaxDims) fail(ErrorKind::kShape, "a tensor has at most ", kMaxDims, " dimensions");
    values_[static_cast<size_t>(size_++)] = value;
  }
  void insert(int at, int64_t value) {
    push_back(value);
    std::rotate(values_.begin() + at, values_.begin() + size_ - 1, values_.begin() + size_);
  }
  void erase(int at) {
    std::move(values_.begin() + at + 1, values_.begin() + size_, values_.begin() + at);
    --size_;
  }
  bool contains(int64_t value) const noexcept { return std::find(begin(), end(), value) != end(); }

  // Number of elements of a shape; 1 for a 0-d shape. Sizes are checked where shapes enter (`checked_numel`).
  int64_t numel() const noexcept {
    int64_t count = 1;
    for (int64_t value : *this) count *= value;
    return count;
  }

  friend bool operator==(const Dims& a, const Dims& b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
  friend std::ostream& operator<<(std::ostream& stream, const Dims& dims) {
    stream << '(';
    for (int i = 0; i < dims.size(); ++i) stream << (i ? ", " : "") << dims[i];
    return stream << (dims.size() == 1 ? ",)" : ")");
  }

 private:
  std::array<int64_t, kMaxDims> values_{};
  int size_ = 0;
};

// Number of elements of a shape from outside: negative sizes and products of which the bytes cannot
// be addressed (2^58 elements) are errors.
int64_t checked_numel(const Dims& shape);

// Row-major strides, in elements.
Dims contiguous_strides(const Dims& shape);

// `axis` in [-ndim, ndim) to [0, ndim); the error names the op, the axis and the number of dimensions.
int normalize_axis(std::string_view op, int64_t axis, int ndim);

// NumPy's broadcasting; the error names the op and both shapes.
Dims broadcast_shapes(std::string_view op, const Dims& a, const Dims& b);

}  // namespace keima
