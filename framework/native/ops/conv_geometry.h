// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The sizes of a convolution from the shapes of its operands.
#pragma once

#include "kernels/conv/conv.h"
#include "ops/op.h"
#include "ops/window.h"

namespace keima {

// Of one convolution, whichever of its three tensors is being computed.
struct ConvGeometry {
  int64_t batch, in_channels, out_channels, groups;
  Window window;
};

// `input` is (N, C, H, W); weights are (O, I, kh, kw), or (G, O/G, I/G, kh, kw) when there are groups. The error names
// the op and what does not fit.
ConvGeometry conv_geometry(const Op& op, const Dims& input, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups);

ConvShape conv_shape(const ConvGeometry& g);

}  // namespace keima
