// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/dims.h"

#include <string_view>

namespace keima {

int64_t checked_numel(const Dims& shape) {
  int64_t reach = 1;  // as if empty dimensions had one element: strides are products of sizes too
  for (int64_t size : shape) {
    if (size < 0) fail(ErrorKind::kShape, "a shape has no negative sizes; got ", shape);
    if (__builtin_mul_overflow(reach, std::max<int64_t>(size, 1), &reach) || reach > (int64_t{1} << 58))
      fail(ErrorKind::kMemory, "a tensor of shape ", shape, " has more elements than can be addressed");
  }
  return shape.numel();
}

Dims contiguous_strides(const Dims& shape) {
  Dims strides = Dims::filled(shape.size(), 1);
  for (int i = shape.size() - 2; i >= 0; --i) strides[i] = strides[i + 1] * std::max<int64_t>(shape[i + 1], 1);
  return strides;
}

int normalize_axis(std::string_view op, int64_t axis, int ndim) {
  if (axis < -ndim || axis >= ndim)
    fail(ErrorKind::kIndex, op, ": axis ", axis, " is out of range for ", ndim, " dimensions; expected ", -ndim, " to ", ndim - 1);
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Dims broadcast_shapes(std::string_view op, const Dims& a, const Dims& b) {
  if (a == b) return a;
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  const int offset = longer.size() - shorter.size();
  Dims out = longer;
  for (int i = 0; i < shorter.size(); ++i) {
    const int64_t x = longer[i + offset], y = shorter[i];
    if (x != y && x != 1 && y != 1)
      fail(ErrorKind::kShape, op, ": shapes ", a, " and ", b, " do not broadcast: sizes ", x, " and ", y, " differ in dimension ",
           i - shorter.size());
    out[i + offset] = x == 1 ? y : x;
  }
  return out;
}

}  // namespace keima
