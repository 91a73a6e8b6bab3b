// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// NumPy-style reading and writing by index, composed of registered ops, so that its gradients come by themselves.
#pragma once

#include <vector>

#include "eager/tape.h"

namespace keima {

struct IndexItem {
  enum class Kind : uint8_t { kInteger, kSlice, kNewAxis, kEllipsis, kTensor };
  Kind kind = Kind::kSlice;
  // Integer: start. Slice: as Python's slice, before adjusting to the length; open ends are INT64_MAX or INT64_MIN.
  int64_t start = 0;
  int64_t stop = INT64_MAX;
  int64_t step = 1;
  Value tensor;  // int32 indices, or a bool mask
};

Value get_item(const Value& x, std::vector<IndexItem> items);
// `x` with `value` (broadcast) written at the index. `x` is given up: its memory is reused when nobody else sees it.
// When this throws, `x` is as it was.
Value set_item(Value& x, std::vector<IndexItem> items, const Value& value);

}  // namespace keima
