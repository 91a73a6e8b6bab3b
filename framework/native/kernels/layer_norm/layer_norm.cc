// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm/layer_norm.h"

#include "kernels/layer_norm/layer_norm_body.h"

namespace keima {

void layer_norm(const Exec& exec, const LayerNormArgs& args) {
  constexpr int64_t kGrain = 8192;  // elements that are worth a thread
  parallel_for(exec, args.rows, kGrain / args.n + 1,
               [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, layer_norm_rows)(args, begin, end); });
}

namespace {

constexpr int64_t kRun = 64;  // rows whose sums are taken together

int64_t runs_of(int64_t rows) { return (rows + kRun - 1) / kRun; }

}  // namespace

size_t layer_norm_backward_scratch_bytes(int64_t rows, int64_t n) {
  return static_cast<size_t>(runs_of(rows) * 2 * n) * sizeof(float);
}

void layer_norm_backward(const Exec& exec, const LayerNormBackwardArgs& args, void* scratch) {
  const int64_t runs = runs_of(args.rows), n = args.n;
  auto* sums = static_cast<float*>(scratch);  // [run][weight, bias][n]
  parallel_for(exec, runs, 1, [&](int64_t begin, int64_t end) {
    for (int64_t run = begin; run < end; ++run) {
      const int64_t first = run * kRun, last = first + kRun < args.rows ? first + kRun : args.rows;
      float* own = sums + run * 2 * n;
      KEIMA_PICK(exec.isa, layer_norm_backward_rows)(args, first, last, own, own + n);
    }
  });
  // [weight, bias] of a run lie one after the other: 2 n columns, some at a time so that rows are read along.
  constexpr int64_t kColumns = 64;
  parallel_for(exec, 2 * n, kColumns, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += kColumns) {
      const int64_t count = end - first < kColumns ? end - first : kColumns;
      double totals[kColumns] = {};
      for (int64_t run = 0; run < runs; ++run)
        for (int64_t i = 0; i < count; ++i) totals[i] += static_cast<double>(sums[run * 2 * n + first + i]);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t at = first + i;
        (at < n ? args.dweight[at] : args.dbias[at - n]) = static_cast<float>(totals[i]);
      }
    }
  });
}

}  // namespace keima
