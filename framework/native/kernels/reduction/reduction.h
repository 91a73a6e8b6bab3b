// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Folding the middle dimension of a contiguous [outer][n][inner] array.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

enum class Reduction : uint8_t { kSum, kMean, kProd, kMax, kMin, kArgMax, kArgMin };

struct ReduceArgs {
  Reduction op;
  ScalarType type;  // of the input and, but for positions, of the output
  int64_t outer;
  int64_t n;
  int64_t inner;
  const void* in;
  void* out;  // [outer][inner]; int32 positions for kArgMax and kArgMin
};

// Floats are folded in float32 by several accumulators over runs of at most 512 elements whose results are added in
// double: the error of a sum stays within about 60 ulp of sum(|x|), whatever n. Integers are folded in int32, wrapping,
// and stored back to `type`; the mean of integers truncates. Max and min of NaN are NaN; positions name the first extreme
// element, a NaN counting as the most extreme. Sums of nothing are 0, products 1; there is no extremum of nothing (n > 0).
// The same input gives the same bits whatever the number of threads.
void reduce(const Exec& exec, const ReduceArgs& args);

}  // namespace keima
