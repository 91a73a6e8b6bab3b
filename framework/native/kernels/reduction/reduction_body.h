// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The folds, compiled for each instruction set.
#pragma once

#include "kernels/reduction/reduction.h"
#include "simd/variants.h"

namespace keima {

// Folds part of one row (inner == 1) to a number; positions are not folded this way.
KEIMA_EACH_ISA(double fold_run(Reduction op, ScalarType type, const void* in, int64_t n));
// The first position of `extreme` (or of a NaN, if that is what it is) in a row.
KEIMA_EACH_ISA(int64_t find_run(ScalarType type, const void* in, int64_t n, double extreme));
// Folds n rows of `inner` elements for the columns from `begin` to `end`, and stores the results.
KEIMA_EACH_ISA(void fold_columns(Reduction op, ScalarType type, const void* in, int64_t n, int64_t inner, int64_t begin, int64_t end, void* out));

}  // namespace keima
