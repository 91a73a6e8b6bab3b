// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Softmax and its kin over the middle dimension of a contiguous [outer][n][inner] array of float32, float16 or bfloat16;
// computed in float32. The maximum is taken away first, so that nothing overflows. Errors, for float32: softmax 20 units in
// the last place where x spans 18 (half of each unit of x - max is rounded away before exp), logsumexp and log_softmax 4 of
// the largest of |x|, |result| and the span. The result does not depend on
// the number of threads. `out` may be `in` (dx may be dy) in every call.
#pragma once

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

struct SoftmaxArgs {
  ScalarType type;
  int64_t outer;
  int64_t n;  // > 0
  int64_t inner;
  const void* in;
  void* out;  // shaped like in; for logsumexp [outer][inner]
};

// e^x / sum(e^x)
void softmax(const Exec& exec, const SoftmaxArgs& args);
// x - log(sum(e^x))
void log_softmax(const Exec& exec, const SoftmaxArgs& args);
// log(sum(e^x)); minus infinity where all x are, infinity where one is.
void logsumexp(const Exec& exec, const SoftmaxArgs& args);

struct SoftmaxBackwardArgs {
  ScalarType type;
  int64_t outer;
  int64_t n;
  int64_t inner;
  const void* y;  // what the forward call gave
  const void* dy;
  void* dx;
};

// dx = y (dy - sum(dy y))
void softmax_backward(const Exec& exec, const SoftmaxBackwardArgs& args);
// dx = dy - e^y sum(dy)
void log_softmax_backward(const Exec& exec, const SoftmaxBackwardArgs& args);

// With s = label_smooth: loss = logsumexp(x) - (1 - s) x[label] - s mean(x).
struct CrossEntropyArgs {
  ScalarType type;  // of logits and dlogits; all else is float32
  int64_t outer;
  int64_t n;  // classes
  int64_t inner;
  float label_smooth;
  const void* logits;
  const int32_t* labels;  // [outer][inner], each in [0, n)
  float* logsumexp;       // [outer][inner]; written by forward, read by backward
  // forward
  float* loss;  // [outer][inner]
  // backward
  const float* dloss;    // [outer][inner], or one number
  bool dloss_is_scalar;  // then dloss points to one number for all
  void* dlogits;
};

// Returns the index of the first label outside [0, n), having written nothing, or -1.
int64_t softmax_cross_entropy(const Exec& exec, const CrossEntropyArgs& args);
// dlogits = dloss (softmax(x) - (1 - s) onehot(label) - s / n)
void softmax_cross_entropy_backward(const Exec& exec, const CrossEntropyArgs& args);

}  // namespace keima
