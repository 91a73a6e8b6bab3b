// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv/geometry.h"
#include "kernels/conv/inverted_residual.h"
#include "simd/variants.h"

namespace keima {

// How its rows are cut: `rows` of the result at a time.
struct ResidualBands {
  explicit ResidualBands(const InvertedResidualShape& shape);
  int64_t rows;
  int64_t source_rows;  // of the expanded image that they meet
  // Scratch of a thread, in floats: source rows as panels; expanded rows; depthwise results.
  int64_t packed;
  int64_t expanded;
  int64_t gathered;
  int64_t floats() const { return packed + expanded + gathered; }
};

struct ResidualCall {
  const InvertedResidualShape& shape;
  const ConvStage& expand;
  const ConvStage& depthwise;
  const ConvStage& project;
  const float* expand_bias;  // padded to column groups
  const float* project_bias;
  const float* input;
  float* output;
};

// Rows [first, last) of an image of the result; `scratch` holds ResidualBands::floats().
KEIMA_EACH_ISA(void inverted_residual_rows(const ResidualCall& call, const ResidualBands& bands, int64_t image, int64_t first,
                                           int64_t last, float* scratch))

}  // namespace keima
