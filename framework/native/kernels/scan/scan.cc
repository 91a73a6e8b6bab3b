// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/scan/scan.h"

namespace keima {
namespace {

// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 14;
// Columns of one task: whole cache lines, read row by row.
constexpr int64_t kColumns = 64;

// T is float or uint32_t: signed sums that overflow would be undefined.
template <class T>
void sum_columns(const CumsumArgs& args, int64_t o, int64_t begin, int64_t end) {
  const T* in = static_cast<const T*>(args.in) + o * args.n * args.inner;
  T* out = static_cast<T*>(args.out) + o * args.n * args.inner;
  const int64_t step = args.reverse ? -args.inner : args.inner;
  int64_t at = args.reverse ? (args.n - 1) * args.inner : 0;
  for (int64_t k = begin; k < end; ++k) out[at + k] = in[at + k];
  for (int64_t i = 1; i < args.n; ++i) {
    at += step;
    for (int64_t k = begin; k < end; ++k) out[at + k] = in[at + k] + out[at - step + k];
  }
}

}  // namespace

void cumsum(const Exec& exec, const CumsumArgs& args) {
  if (args.n == 0 || args.inner == 0) return;
  const int64_t groups = (args.inner + kColumns - 1) / kColumns;
  const int64_t width = args.inner < kColumns ? args.inner : kColumns;
  parallel_for(exec, args.outer * groups, kGrain / (args.n * width) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % groups * kColumns;
      const int64_t last = first + kColumns < args.inner ? first + kColumns : args.inner;
      if (args.type == ScalarType::kFloat32) sum_columns<float>(args, task / groups, first, last);
      else sum_columns<uint32_t>(args, task / groups, first, last);
    }
  });
}

}  // namespace keima
