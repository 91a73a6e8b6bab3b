// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Weights, between plain [out][in][tap] and the packings. A block of 16 outputs by 16 inputs is a 16 x (16 * taps) matrix
// in the plain order, and its transpose, with (input, tap) exchanged, in the packed one.
#include "kernels/conv/conv_body.h"
#include "kernels/gemm/transpose.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int64_t kMostTaps = 25;  // that a block on the stack holds (25 KB)

// [tap][16 in][columns of `stride`] of outputs o0.. and inputs i0..; what does not exist becomes zero.
void pack_block(const float* weights, int64_t out, int64_t in, int64_t taps, int64_t o0, int64_t i0, float* to,
                int64_t stride) {
  const int64_t outs = conv_least(kBlock, out - o0), ins = conv_least(kBlock, in - i0);
  const float* from = weights + (o0 * in + i0) * taps;
  if (outs == kBlock && ins == kBlock) {
    for (int64_t j = 0; j < kBlock * taps; j += kBlock)
      transpose_rows([&](int64_t o) { return from + o * in * taps + j; },
                     [&](int64_t r) { return to + conv_packed_row(j + r, taps) * stride; });
    return;
  }
  for (int64_t j = 0; j < kBlock * taps; ++j)
    for (int64_t o = 0; o < kBlock; ++o)
      to[conv_packed_row(j, taps) * stride + o] = o < outs && j < ins * taps ? from[o * in * taps + j] : 0.0F;
}

// [tap][16 out][columns of `stride`] of inputs.
void pack_block_backward(const float* weights, int64_t out, int64_t in, int64_t taps, int64_t o0, int64_t i0, float* to,
                         int64_t stride) {
  if (taps <= kMostTaps) {
    float forward[kMostTaps * kBlock * kBlock];
    pack_block(weights, out, in, taps, o0, i0, forward, kBlock);
    for (int64_t t = 0; t < taps; ++t)
      transpose_block(forward + t * kBlock * kBlock, kBlock, to + t * kBlock * stride, stride);
    return;
  }
  for (int64_t t = 0; t < taps; ++t)
    for (int64_t o = 0; o < kBlock; ++o)
      for (int64_t i = 0; i < kBlock; ++i)
        to[(t * kBlock + o) * stride + i] =
            o0 + o < out && i0 + i < in ? weights[((o0 + o) * in + i0 + i) * taps + t] : 0.0F;
}

}  // namespace

void conv_pack_forward(const Exec& exec, const float* weights, int64_t out, int64_t in, int64_t taps, float* packed) {
  const int64_t blocks = conv_blocks(in);
  parallel_for(exec, conv_groups_of_columns(out) * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      for (int64_t half = 0; half < kGroup; half += kBlock)
        pack_block(weights, out, in, taps, (b / blocks) * kGroup + half, (b % blocks) * kBlock,
                   packed + b * taps * kTapFloats + half, kGroup);
  });
}

void conv_pack_backward(const Exec& exec, const float* weights, int64_t out, int64_t in, int64_t taps, float* packed) {
  const int64_t blocks = conv_blocks(out);
  parallel_for(exec, conv_groups_of_columns(in) * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      for (int64_t half = 0; half < kGroup; half += kBlock)
        pack_block_backward(weights, out, in, taps, (b % blocks) * kBlock, (b / blocks) * kGroup + half,
                            packed + b * taps * kTapFloats + half, kGroup);
  });
}

}  // namespace keima::KEIMA_ISA
