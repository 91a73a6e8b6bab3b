// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "executor/executor.h"
#include "executor/step.h"
#include "kernels/channel_shuffle/channel_shuffle.h"
#include "kernels/copy/copy.h"
#include "kernels/gemm/gemm.h"
#include "kernels/layer_norm/layer_norm.h"

namespace keima::executor {
namespace {

struct Runner {
  const Exec& exec;
  char* arena;

  float* at(int64_t offset) const { return reinterpret_cast<float*>(arena + offset); }

  void conv2d(const Step& step) const {
    ConvEpilogue epilogue;
    epilogue.bias = step.bias;
    epilogue.clamp = step.relu;
    epilogue.highest = step.number;
    if (step.residual >= 0) epilogue.residual = at(step.residual);
    conv_forward(exec, conv_of(step), at(step.in), step.weight, epilogue, at(step.out), at(step.scratch));
  }

  void linear(const Step& step) const {
    PackedGemmArgs args;
    args.m = step.dims[0];
    args.n = step.dims[1];
    args.k = step.dims[2];
    args.a = at(step.in);
    args.a_stride = args.k;
    args.packed_b = step.weight;
    args.c = at(step.out);
    args.c_stride = args.n;
    args.bias = step.bias;
    if (step.residual >= 0) args.residual = at(step.residual);
    if (step.relu) args.activation = PackedGemmArgs::Activation::kClamp;
    if (step.gelu) args.activation = PackedGemmArgs::Activation::kGelu;
    args.highest = step.number;
    gemm_with_packed(exec, args, at(step.scratch));
  }

  void channel_shuffle(const Step& step) const {
    ChannelSource sources[kMaxSources];
    for (int i = 0; i < step.source_count; ++i) sources[i] = {at(step.sources[i]), channels_of(step, i)};
    const int64_t* d = step.dims;
    keima::channel_shuffle(exec, {d[0], d[1], sources, step.source_count, d[2], d[3], d[4], at(step.out)});
  }

  void attention(const Step& step) const {
    AttentionArgs args = attention_of(step);
    args.q.data = at(step.in) + step.dims[6];
    args.k.data = at(step.sources[0]) + step.dims[10];
    args.v.data = at(step.sources[1]) + step.dims[14];
    args.out = at(step.out);
    keima::attention(exec, args, at(step.scratch));
  }

  // The last of `left` dimensions in a row.
  static void copy(const int64_t* d, int left, const float* from, float* to) {
    const int64_t from_stride = d[kCopyDims], to_stride = d[2 * kCopyDims];
    for (int64_t i = 0; i < *d; ++i, from += from_stride, to += to_stride) {
      if (left == 1) *to = *from;
      else copy(d + 1, left - 1, from, to);
    }
  }

  void add(const Step& step) const {
    const float *from = at(step.in), *added = step.residual >= 0 ? at(step.residual) : step.weight;
    float* to = at(step.out);
    for (int64_t i = 0; i < step.dims[0]; i += step.dims[1])
      for (int64_t j = 0; j < step.dims[1]; ++j) to[i + j] = from[i + j] + added[j];
  }

  void take_rows(const Step& step) const {
    const int64_t rows = step.dims[1], width = step.dims[2];
    float* to = at(step.out);
    for (int64_t i = 0; i < step.dims[0]; ++i, to += width) {
      int32_t number = 0;
      memcpy(&number, at(step.in) + i, sizeof number);
      const int64_t row = number < 0 ? number + rows : number;
      for (int64_t j = 0; j < width; ++j) to[j] = row >= 0 && row < rows ? step.weight[row * width + j] : __builtin_nanf("");
    }
  }

  ChannelBlockArgs conversion(const Step& step) const { return {ScalarType::kFloat32, step.dims[0], step.dims[1], step.dims[2], 16, at(step.in), at(step.out)}; }

  void run(const Step& step) const {
    switch (step.kind) {
      case StepKind::kConv2d: return conv2d(step);
      case StepKind::kMaxPool2d: return max_pool(exec, pool_of(step), at(step.in), at(step.out), nullptr);
      case StepKind::kAvgPool2d: return average_pool(exec, pool_of(step), step.count_padding, at(step.in), at(step.out));
      case StepKind::kUnpack: return unpack_channel_blocks(exec, conversion(step));
      case StepKind::kPack: return pack_channel_blocks(exec, conversion(step));
      case StepKind::kLinear: return linear(step);
      case StepKind::kChannelShuffle: return channel_shuffle(step);
      case StepKind::kLayerNorm: return layer_norm(exec, {step.dims[0], step.dims[1], step.number, at(step.in), step.weight, step.bias, at(step.out)});
      case StepKind::kAttention: return attention(step);
      case StepKind::kCopy: return copy(step.dims, kCopyDims, (step.weight ? step.weight : at(step.in)) + step.dims[15], at(step.out) + step.dims[16]);
      case StepKind::kAdd: return add(step);
      case StepKind::kTakeRows: return take_rows(step);
    }
  }
};

}  // namespace

void run(const Exec& exec, const Plan& plan, void* arena, const void* input, float* output) {
  const Runner runner{exec, static_cast<char*>(arena)};
  memcpy(runner.at(plan.input_at), input, static_cast<size_t>(plan.input_count) * sizeof(float));
  for (int i = 0; i < plan.step_count; ++i) runner.run(plan.steps[i]);
  memcpy(output, runner.at(plan.output_at), static_cast<size_t>(plan.output_count) * sizeof(float));
}

}  // namespace keima::executor
