// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention/attention.h"

#include "kernels/attention/attention_body.h"

namespace keima {
namespace {

int64_t heads_of(const AttentionArgs& args) { return args.heads[0] * args.heads[1]; }

}  // namespace

size_t attention_scratch_bytes(const Exec& exec, const AttentionArgs& args) {
  const int64_t floats = slice_count(exec, heads_of(args)) * KEIMA_PICK(exec.isa, attention_slice_floats)(args);
  return static_cast<size_t>(floats) * sizeof(float);
}

void attention(const Exec& exec, const AttentionArgs& args, void* scratch) {
  if (args.queries <= 0 || args.value_width <= 0) return;
  const int64_t floats = KEIMA_PICK(exec.isa, attention_slice_floats)(args);
  parallel_slices(exec, heads_of(args), [&](int64_t slice, int64_t begin, int64_t end) {
    KEIMA_PICK(exec.isa, attention_heads)(args, begin, end, static_cast<float*>(scratch) + slice * floats);
  });
}

size_t attention_backward_scratch_bytes(const Exec& exec, const AttentionGradientArgs& args) {
  const int64_t floats = slice_count(exec, heads_of(args.forward)) * KEIMA_PICK(exec.isa, attention_backward_slice_floats)(args);
  return static_cast<size_t>(floats) * sizeof(float);
}

void attention_backward(const Exec& exec, const AttentionGradientArgs& args, void* scratch) {
  const int64_t floats = KEIMA_PICK(exec.isa, attention_backward_slice_floats)(args);
  parallel_slices(exec, heads_of(args.forward), [&](int64_t slice, int64_t begin, int64_t end) {
    KEIMA_PICK(exec.isa, attention_backward_heads)(args, begin, end, static_cast<float*>(scratch) + slice * floats);
  });
}

}  // namespace keima
