// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv/geometry.h"
#include "simd/variants.h"

namespace keima {

// Floats of scratch, and the gathering itself; forwards or backwards as the problem says.
KEIMA_EACH_ISA(int64_t conv_gather_scratch(const Exec& exec, const ConvProblem& problem))
KEIMA_EACH_ISA(void conv_gather(const Exec& exec, const ConvProblem& problem, float* scratch))

// The same for plain images, where conv_runs_rows().
KEIMA_EACH_ISA(bool conv_runs_rows(const ConvProblem& problem))
KEIMA_EACH_ISA(int64_t conv_rows_scratch(const Exec& exec, const ConvProblem& problem))
KEIMA_EACH_ISA(void conv_rows(const Exec& exec, const ConvProblem& problem, float* scratch))

// Gradient of the weights of a forward problem, of which `target` holds the output's gradient, to plain
// [target channels][source channels][tap].
KEIMA_EACH_ISA(int64_t conv_weights_scratch(const Exec& exec, const ConvProblem& problem))
KEIMA_EACH_ISA(void conv_weights(const Exec& exec, const ConvProblem& problem, float* grad_weights, float* scratch))

// Plain [out][in][taps] to [out/32][in/16][tap][16][32], or with out and in exchanged.
KEIMA_EACH_ISA(void conv_pack_forward(const Exec& exec, const float* weights, int64_t out, int64_t in, int64_t taps,
                                      float* packed))
KEIMA_EACH_ISA(void conv_pack_backward(const Exec& exec, const float* weights, int64_t out, int64_t in, int64_t taps,
                                       float* packed))

KEIMA_EACH_ISA(void conv_depthwise_forward(const Exec& exec, const ConvShape& shape, const float* input,
                                           const float* packed, const ConvEpilogue& epilogue, float* output))
KEIMA_EACH_ISA(void conv_depthwise_backward_data(const Exec& exec, const ConvShape& shape, const float* grad_output,
                                                 const float* packed, const ConvEpilogue& epilogue, float* grad_input))
KEIMA_EACH_ISA(void conv_depthwise_backward_weights(const Exec& exec, const ConvShape& shape, const float* input,
                                                    const float* grad_output, float* grad_weights))

}  // namespace keima
