// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Adding at indexed places, compiled for each instruction set.
#pragma once

#include "kernels/indexing/indexing.h"
#include "simd/variants.h"

namespace keima {

// A part of the indexed array that one thread alone writes.
struct OwnedPart {
  int64_t first_row, last_row;
  int64_t first_column, last_column;
};

// The share of add_rows() that falls into `part`.
KEIMA_EACH_ISA(void add_rows_part(const RowsArgs& args, ScalarType out_type, const OwnedPart& part));
// The share of scatter_add() of outer index `o` and the columns from `begin` to `end`.
KEIMA_EACH_ISA(void scatter_add_columns(const AxisArgs& args, ScalarType out_type, int64_t o, int64_t begin, int64_t end));

}  // namespace keima
