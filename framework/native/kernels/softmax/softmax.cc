// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Splits softmax work into tasks.
#include "kernels/softmax/softmax.h"

#include "kernels/softmax/variants.h"

namespace keima {
namespace {

// About how many elements a thread should have before a second one is woken.
constexpr int64_t kGrain = 8192;

template <class Args, class Body>
void for_tasks(const Exec& exec, const Args& args, const Body& body) {
  const int64_t width = args.inner == 1 ? 1 : KEIMA_PICK(exec.isa, softmax_columns)();
  const int64_t tasks = args.outer * ((args.inner + width - 1) / width);
  parallel_for(exec, tasks, kGrain / (args.n * width) + 1, body);
}

void forward(const Exec& exec, SoftmaxForm form, const SoftmaxArgs& args) {
  for_tasks(exec, args, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, softmax_forward_tasks)(form, args, begin, end); });
}

void backward(const Exec& exec, SoftmaxForm form, const SoftmaxBackwardArgs& args) {
  for_tasks(exec, args, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, softmax_backward_tasks)(form, args, begin, end); });
}

}  // namespace

void softmax(const Exec& exec, const SoftmaxArgs& args) { forward(exec, SoftmaxForm::kSoftmax, args); }
void log_softmax(const Exec& exec, const SoftmaxArgs& args) { forward(exec, SoftmaxForm::kLog, args); }
void logsumexp(const Exec& exec, const SoftmaxArgs& args) { forward(exec, SoftmaxForm::kSumExp, args); }
void softmax_backward(const Exec& exec, const SoftmaxBackwardArgs& args) { backward(exec, SoftmaxForm::kSoftmax, args); }
void log_softmax_backward(const Exec& exec, const SoftmaxBackwardArgs& args) { backward(exec, SoftmaxForm::kLog, args); }

int64_t softmax_cross_entropy(const Exec& exec, const CrossEntropyArgs& args) {
  const int64_t count = args.outer * args.inner;
  for (int64_t i = 0; i < count; ++i)
    if (args.labels[i] < 0 || args.labels[i] >= args.n) return i;
  for_tasks(exec, args, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, cross_entropy_tasks)(args, begin, end); });
  return -1;
}

void softmax_cross_entropy_backward(const Exec& exec, const CrossEntropyArgs& args) {
  for_tasks(exec, args, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, cross_entropy_backward_tasks)(args, begin, end); });
}

}  // namespace keima
