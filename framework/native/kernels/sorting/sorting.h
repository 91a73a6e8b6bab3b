// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Order within rows. Stable: equal elements keep their order, so the result depends on nothing but the values. NaN counts as
// larger than infinity, -0 as equal to 0.
#pragma once

#include <stddef.h>

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

struct SortArgs {
  ScalarType type;  // kFloat32 or kInt32
  int64_t rows;
  int64_t n;        // elements of a row, below 2^31
  int64_t keep;     // the first `keep` in order are written, 0 .. n
  bool descending;
  const void* in;      // [rows][n]
  void* values;        // [rows][keep]
  int32_t* positions;  // [rows][keep]: where each was in its row
};

// Bytes of scratch, to be 8-byte aligned.
size_t sort_scratch_bytes(const Exec& exec, const SortArgs& args);
void sort_rows(const Exec& exec, const SortArgs& args, void* scratch);

}  // namespace keima
