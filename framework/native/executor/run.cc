// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "executor/executor.h"
#include "kernels/copy/copy.h"
#include "kernels/gemm/gemm.h"

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
    epilogue.highest = step.most;
    if (step.residual >= 0) epilogue.residual = at(step.residual);
    conv_forward(exec, step.conv, at(step.in), step.weight, epilogue, at(step.out), at(step.scratch));
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
    args.highest = step.most;
    gemm_with_packed(exec, args, at(step.scratch));
  }

  ChannelBlockArgs conversion(const Step& step) const { return {ScalarType::kFloat32, step.dims[0], step.dims[1], step.dims[2], 16, at(step.in), at(step.out)}; }

  void run(const Step& step) const {
    switch (step.kind) {
      case StepKind::kConv2d: return conv2d(step);
      case StepKind::kMaxPool2d: return max_pool(exec, step.pool, at(step.in), at(step.out), nullptr);
      case StepKind::kAvgPool2d: return average_pool(exec, step.pool, step.count_padding, at(step.in), at(step.out));
      case StepKind::kUnpack: return unpack_channel_blocks(exec, conversion(step));
      case StepKind::kPack: return pack_channel_blocks(exec, conversion(step));
      case StepKind::kLinear: return linear(step);
    }
  }
};

}  // namespace

void run(const Exec& exec, const Plan& plan, void* arena, const float* input, float* output) {
  const Runner runner{exec, static_cast<char*>(arena)};
  memcpy(runner.at(plan.input_at), input, static_cast<size_t>(plan.input_count) * sizeof(float));
  for (int i = 0; i < plan.step_count; ++i) runner.run(plan.steps[i]);
  memcpy(output, runner.at(plan.output_at), static_cast<size_t>(plan.output_count) * sizeof(float));
}

}  // namespace keima::executor
