// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What loading and running a step both make of its numbers.
#pragma once

#include "executor/executor.h"
#include "kernels/attention/attention.h"
#include "kernels/conv/conv.h"
#include "kernels/pooling/pooling.h"

namespace keima::executor {

inline ConvShape conv_of(const Step& step) {
  const int64_t* d = step.dims;
  return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15], step.algorithm};
}

inline PoolArgs pool_of(const Step& step) {
  const int64_t* d = step.dims;
  return {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10]};
}

inline int64_t channels_of(const Step& step, int source) { return step.dims[5 + source]; }

// Without pointers.
inline AttentionArgs attention_of(const Step& step) {
  const int64_t* d = step.dims;
  AttentionArgs args;
  args.heads[0] = d[0];
  args.heads[1] = d[1];
  args.queries = d[2];
  args.keys = d[3];
  args.width = d[4];
  args.value_width = d[5];
  args.scale = step.number;
  args.q = {nullptr, d[7], d[8], d[9]};
  args.k = {nullptr, d[11], d[12], d[13]};
  args.v = {nullptr, d[15], d[16], d[17]};
  args.out_stride = d[5];
  args.out_outer_stride = d[1] * d[2] * d[5];
  args.out_inner_stride = d[2] * d[5];
  return args;
}

}  // namespace keima::executor
