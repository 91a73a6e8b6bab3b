// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Attention of float32 (Vaswani et al., 2017): out = softmax(scale * Q K') V for each head, without the whole matrix of
// weights ever being in memory: a few rows of queries at a time meet all keys. The result does not depend on the number of
// threads.
#pragma once

#include "base/freestanding/exec.h"

namespace keima {

// Rows of `columns` adjacent floats, `stride` apart; one matrix a head, the heads being two nested dimensions.
struct HeadMatrices {
  const float* data = nullptr;
  int64_t stride = 0;        // between rows
  int64_t outer_stride = 0;  // between heads[0]'s matrices
  int64_t inner_stride = 0;  // between heads[1]'s
};

struct AttentionArgs {
  int64_t heads[2] = {1, 1};
  int64_t queries = 0;
  int64_t keys = 0;   // > 0
  int64_t width = 0;  // of queries and keys
  int64_t value_width = 0;
  float scale = 1;
  HeadMatrices q;  // queries x width
  HeadMatrices k;  // keys x width
  HeadMatrices v;  // keys x value_width
  float* out = nullptr;  // queries x value_width, rows `out_stride` apart
  int64_t out_stride = 0;
  int64_t out_outer_stride = 0;
  int64_t out_inner_stride = 0;
};

size_t attention_scratch_bytes(const Exec& exec, const AttentionArgs& args);
// `scratch`: 64-byte aligned.
void attention(const Exec& exec, const AttentionArgs& args, void* scratch);

// Where a gradient goes; as HeadMatrices.
struct HeadGradient {
  float* data = nullptr;
  int64_t stride = 0;
  int64_t outer_stride = 0;
  int64_t inner_stride = 0;
};

struct AttentionGradientArgs {
  AttentionArgs forward;  // its out is not looked at
  HeadMatrices dout;      // queries x value_width
  HeadGradient dq;        // queries x width
  HeadGradient dk;        // keys x width
  HeadGradient dv;        // keys x value_width
};

size_t attention_backward_scratch_bytes(const Exec& exec, const AttentionGradientArgs& args);
// For at least one query; `scratch`: 64-byte aligned.
void attention_backward(const Exec& exec, const AttentionGradientArgs& args, void* scratch);

}  // namespace keima
