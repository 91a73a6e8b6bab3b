// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// One step of an optimizer over a parameter, in one pass: with momentum 28 bytes move for a weight, where an operation at a
// time moves 60. All arrays are contiguous float32 of n elements; an output may be its own input. Results do not depend on
// the number of threads.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"

namespace keima {

// g = grad + weight_decay param;  velocity' = momentum velocity + g;
// param' = param - rate (nesterov ? g + momentum velocity' : velocity')
struct SgdArgs {
  int64_t n;
  const float* param;
  const float* grad;
  const float* velocity;
  float* new_param;
  float* new_velocity;
  float rate;
  float momentum;
  float weight_decay;
  bool nesterov;
};
void sgd_step(const Exec& exec, const SgdArgs& args);

// p = shrink param;  g = grad + weight_decay p;  first' = beta1 first + (1 - beta1) g;
// second' = beta2 second + (1 - beta2) g^2;  param' = p - rate first' / (sqrt(correction second') + eps)
// (Kingma and Ba, 2015; with shrink instead of weight_decay, Loshchilov and Hutter, 2019.)
struct AdamArgs {
  int64_t n;
  const float* param;
  const float* grad;
  const float* first;
  const float* second;
  float* new_param;
  float* new_first;
  float* new_second;
  float rate;
  float beta1;
  float beta2;
  float one_minus_beta1;  // of the exact betas: 1 - 0.999F loses three digits
  float one_minus_beta2;
  float eps;
  float correction;
  float weight_decay;
  float shrink;
};
void adam_step(const Exec& exec, const AdamArgs& args);

}  // namespace keima
