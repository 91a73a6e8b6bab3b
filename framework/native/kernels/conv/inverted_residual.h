// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// An inverted residual block (Sandler et al. 2018) at once: a 1x1 expansion, a depthwise convolution and a 1x1 projection.
// A thread takes some rows of the result at a time and computes the expanded rows that they need into memory that stays in
// its second cache; the expanded image never exists as a whole. Same bits as the three convolutions apart.
#pragma once

#include "kernels/conv/conv.h"

namespace keima {

// Three direct convolutions, each of the one before's result.
struct InvertedResidualShape {
  bool expands = true;
  ConvShape expand{};  // 1x1 without stride and padding; not read unless `expands`
  ConvShape depthwise{};
  ConvShape project{};  // 1x1 without stride and padding
};

struct ConvStage {
  const float* packed = nullptr;  // by conv_pack() of the stage's shape
  ConvEpilogue epilogue{};  // a residual only of the projection, and not the result itself
};

// Whether it takes less time than the convolutions apart. Measured (time of it over theirs, 1 thread and 2, AVX-512 with a
// second cache of 2 MB): 112x112 16-96-24 0.75 and 0.60, 56x56 24-144-24 0.92 and 0.77, 28x28 32-192-32 0.98 and 0.80,
// 14x14 64-384-64 1.00 and 0.81, 7x7 192-1152-192 under 5x5 1.00 and 1.05. On one thread only what memory is spared counts,
// and smaller images stay in the cache anyway. Several threads save two meetings a block, but each reads all weights, and
// expands rows that its neighbours expand too.
bool inverted_residual_pays(const Exec& exec, const InvertedResidualShape& shape);

size_t inverted_residual_scratch_bytes(const Exec& exec, const InvertedResidualShape& shape);
// Blocked input and output; everything 64-byte aligned.
void inverted_residual(const Exec& exec, const InvertedResidualShape& shape, const float* input, const ConvStage& expand,
                       const ConvStage& depthwise, const ConvStage& project, float* output, void* scratch);

}  // namespace keima
