// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Running sums over the middle dimension of a contiguous [outer][n][inner] array, added one by one in the array's own type.
#pragma once

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

struct CumsumArgs {
  ScalarType type;  // kFloat32, or kInt32 (wraps)
  int64_t outer;
  int64_t n;
  int64_t inner;
  bool reverse;  // from the end
  const void* in;
  void* out;  // may be `in`
};

// out[o, i, k] = in[o, 0, k] + ... + in[o, i, k]; with reverse, + ... from the last to i.
void cumsum(const Exec& exec, const CumsumArgs& args);

}  // namespace keima
