// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// 2-D convolution of float32 and its two adjoints, on channel-blocked activations.
//
// A blocked activation is [batch][ceil(channels/16)][height][width][16]. Lanes past `channels` in the last block may hold
// anything when read and are left with anything when written. Nets start with images of few channels, for which blocks
// of 16 would be mostly air: where conv_input_is_plain() says so, the input (and its gradient) is plain
// [batch][channels][height][width] instead. Output and its gradient are always blocked.
//
// Weights are plain and contiguous: [out_channels][in_channels/groups][kernel_height][kernel_width], which is also the
// memory of a grouped 5-D weight. They are packed before use; a pack depends on the shape's channels, kernel, groups and
// algorithm only, so it may be kept while the weights do not change.
//
// The transposed convolution is conv_backward_data of the convolution that it transposes.
//
// A 3x3 convolution without stride and dilation may be computed by Winograd's algorithm, with 2x2 or 4x4 results at a time
// (winograd.h): 2.25 and 4 times fewer products for a larger error: the tests hold it to 8 and 64 units of 2^-24 of the
// largest sum of products' magnitudes; an infinity or a NaN may
// spread over the tile that it is in. The weights are packed for one algorithm.
// All bits are the same on any number of threads.
#pragma once

#include "base/freestanding/exec.h"

namespace keima {

enum class ConvAlgorithm : uint8_t { kDirect, kWinograd2, kWinograd4 };
enum class ConvPass : uint8_t { kForward, kBackwardData, kBackwardWeights };

struct ConvShape {
  int64_t batch = 0;
  int64_t in_channels = 0;
  int64_t in_height = 0;
  int64_t in_width = 0;
  int64_t out_channels = 0;
  int64_t out_height = 0;  // conv_output_size()
  int64_t out_width = 0;
  int64_t kernel_height = 1;
  int64_t kernel_width = 1;
  int64_t stride_height = 1;
  int64_t stride_width = 1;
  int64_t pad_top = 0;  // zeros before the first row; those after the last follow from out_height
  int64_t pad_left = 0;
  int64_t dilation_height = 1;
  int64_t dilation_width = 1;
  int64_t groups = 1;  // divides in_channels and out_channels
  ConvAlgorithm algorithm = ConvAlgorithm::kDirect;  // for packing and all that is computed
};

// Output pixels along one axis; 0 or less where the kernel does not fit.
constexpr int64_t conv_output_size(int64_t input, int64_t kernel, int64_t stride, int64_t pad_before, int64_t pad_after,
                                   int64_t dilation) {
  const int64_t room = input + pad_before + pad_after - (kernel - 1) * dilation - 1;
  return room < 0 ? 0 : room / stride + 1;
}

// What is done to a result before it is stored, in this order. All pointers may be null.
struct ConvEpilogue {
  const float* bias = nullptr;      // a float a channel
  const float* residual = nullptr;  // laid out as the result; may be the result itself
  bool clamp = false;               // to [lowest, highest]: a ReLU is [0, infinity]; NaN passes
  float lowest = 0;
  float highest = 0;
};

// Whether input and its gradient are plain: up to four channels, one group, a kernel of more than one tap.
bool conv_input_is_plain(const ConvShape& shape);

bool conv_supports(const ConvShape& shape, ConvAlgorithm algorithm);
// The fixed choice by shape that eager execution makes, so that its results repeat; of a pass whose weights are packed for
// every call.
ConvAlgorithm conv_choose(const ConvShape& shape, ConvPass pass);
// The same for a forward pass whose weights are packed once, as in a traced program: only the products count, and the
// bytes of weights that they stream.
ConvAlgorithm conv_choose_packed(const ConvShape& shape);

size_t conv_packed_bytes(const ConvShape& shape);
void conv_pack(const Exec& exec, const ConvShape& shape, const float* weights, float* packed);
size_t conv_backward_packed_bytes(const ConvShape& shape);
void conv_backward_pack(const Exec& exec, const ConvShape& shape, const float* weights, float* packed);

// `packed` and `scratch` are 64-byte aligned everywhere.
size_t conv_forward_scratch_bytes(const Exec& exec, const ConvShape& shape);
void conv_forward(const Exec& exec, const ConvShape& shape, const float* input, const float* packed,
                  const ConvEpilogue& epilogue, float* output, void* scratch);

// Gradient of the input; `packed` by conv_backward_pack(). The epilogue serves transposed convolution; for a plain input
// it is not applied.
size_t conv_backward_data_scratch_bytes(const Exec& exec, const ConvShape& shape);
void conv_backward_data(const Exec& exec, const ConvShape& shape, const float* grad_output, const float* packed,
                        const ConvEpilogue& epilogue, float* grad_input, void* scratch);

// Gradient of the weights, plain as the weights are.
size_t conv_backward_weights_scratch_bytes(const Exec& exec, const ConvShape& shape);
void conv_backward_weights(const Exec& exec, const ConvShape& shape, const float* input, const float* grad_output,
                           float* grad_weights, void* scratch);

// Gradient of the bias: grad_output summed over batch and pixels, merged in float64.
void conv_backward_bias(const Exec& exec, const ConvShape& shape, const float* grad_output, float* grad_bias);

}  // namespace keima
