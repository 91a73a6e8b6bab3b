// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution a row of one block of 16 channels at a time, wherever the block's rows lie.
#pragma once

#include "kernels/conv/geometry.h"
#include "simd/isa.h"

namespace keima::KEIMA_ISA {

struct DepthwiseAxes {
  DepthwiseAxes(const ConvShape& s, bool backward);
  ConvAxis y;
  ConvAxis x;
};

struct DepthwiseRows {
  // Weights as [channel block][tap][16]; of the epilogue the residual is given by the row.
  DepthwiseRows(const ConvShape& s, bool backward, const float* weights, const ConvEpilogue& after);

  // Target row y of a block. `source` is its row `first`, below which lie, without gaps, all others that its taps meet.
  void row(int64_t block, int64_t y, const float* source, int64_t first, const float* residual, float* target) const;

  const DepthwiseAxes axes;
  const ConvTaps taps_y, taps_x;
  const int shape;  // 0: of no size and stride that the fast loops know
  const int64_t channels;
  const float* const packed;
  const ConvEpilogue& epilogue;
  // Targets along x whose taps all lie in the image, [first, last); none backwards.
  int64_t inner_first = 0;
  int64_t inner_last = 0;
};

}  // namespace keima::KEIMA_ISA
