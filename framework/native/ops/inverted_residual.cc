// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// An inverted residual block (Sandler et al. 2018) in one op, for the compiler.
#include "kernels/conv/inverted_residual.h"

#include "base/execution.h"
#include "ops/activation.h"
#include "ops/conv_geometry.h"
#include "ops/families.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kDepthwise = 1, kProject = 2, kExpand = 3, kExpandBias = 4, kDepthwiseBias = 5, kProjectBias = 6, kResidual = 7;
constexpr size_t kStride = 0, kPadding = 1, kExpandActivation = 2, kDepthwiseActivation = 3, kActivation = 4;
constexpr uint8_t kBlock = 16;

ConvShape stage_shape(const OpCall& call, const Dims& input, size_t weight) {
  const Dims one{1, 1}, none{0, 0};
  const Dims& shape = call.in(weight).shape();
  if (weight == kDepthwise)
    return conv_shape(conv_geometry(call.op, input, shape, call.attrs.ints(kStride), call.attrs.ints(kPadding), one, shape.empty() ? 0 : shape[0]));
  return conv_shape(conv_geometry(call.op, input, shape, one, none, one, 1));
}

Dims result_of(const ConvShape& s) { return {s.batch, s.out_channels, s.out_height, s.out_width}; }

InvertedResidualShape shape_of(const OpCall& call) {
  InvertedResidualShape shape{.expands = call.has(kExpand)};
  if (shape.expands) shape.expand = stage_shape(call, call.in(0).shape(), kExpand);
  shape.depthwise = stage_shape(call, shape.expands ? result_of(shape.expand) : call.in(0).shape(), kDepthwise);
  shape.project = stage_shape(call, result_of(shape.depthwise), kProject);
  return shape;
}

void check_bias(const OpCall& call, size_t i, int64_t channels) {
  if (call.has(i) && call.in(i).numel() != channels)
    fail(ErrorKind::kShape, call.op.name, ": ", call.op.inputs[i], ": expected ", channels, " elements, got ", call.in(i).shape());
}

void check_pointwise(const OpCall& call, size_t i) {
  const Dims& weight = call.in(i).shape();
  if (weight[weight.size() - 1] != 1 || weight[weight.size() - 2] != 1)
    fail(ErrorKind::kShape, call.op.name, ": ", call.op.inputs[i], ": expected weights of shape (O, I, 1, 1), got ", weight);
}

void infer(const OpCall& call, DescList& out) {
  require_all_float32(call);
  for (const size_t i : {kExpandActivation, kDepthwiseActivation, kActivation}) check_activation(call.op, call.attrs.string(i));
  const InvertedResidualShape shape = shape_of(call);
  const ConvShape& d = shape.depthwise;
  if (d.groups < 2 || d.in_channels != d.groups || d.out_channels != d.groups)
    fail(ErrorKind::kShape, call.op.name, ": depthwise_weight: expected shape (C, 1, 1, kh, kw) of two channels or more, got ", call.in(kDepthwise).shape());
  check_pointwise(call, kProject);
  if (shape.expands) check_pointwise(call, kExpand);
  else if (call.has(kExpandBias)) fail(ErrorKind::kValue, call.op.name, ": expand_bias: expected none without expand_weight");
  check_bias(call, kExpandBias, d.in_channels);
  check_bias(call, kDepthwiseBias, d.in_channels);
  check_bias(call, kProjectBias, shape.project.out_channels);
  const Dims result = result_of(shape.project);
  if (call.has(kResidual) && !(call.in(kResidual).shape() == result))
    fail(ErrorKind::kShape, call.op.name, ": expected a residual of shape ", result, ", got ", call.in(kResidual).shape());
  out.push_back({result, ScalarType::kFloat32});
}

bool is_weight(size_t input) { return input == kDepthwise || input == kProject || input == kExpand; }

void layouts(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const bool packed = is_weight(i) && call.has(i) && call.in(i).layout().kind == LayoutKind::kPacked;
    choice.inputs.push_back({packed ? call.in(i).layout() : i == 0 || i == kResidual ? Layout::blocked(kBlock) : Layout{}});
  }
  choice.outputs.push_back(Layout::blocked(kBlock));
}

const ConvShape& stage_of(const InvertedResidualShape& shape, size_t weight) {
  return weight == kExpand ? shape.expand : weight == kDepthwise ? shape.depthwise : shape.project;
}

int64_t packed_bytes(const OpCall& call, size_t input) {
  return is_weight(input) && call.has(input) ? static_cast<int64_t>(conv_packed_bytes(stage_of(shape_of(call), input))) : 0;
}

void pack(const OpCall& call, size_t input, std::byte* to) {
  conv_pack(default_exec(), stage_of(shape_of(call), input), to_contiguous(call.in(input)).data<float>(), reinterpret_cast<float*>(to));
}

// Weights that no compiler packed are packed into scratch.
size_t own_bytes(const OpCall& call, const InvertedResidualShape& shape, size_t weight) {
  return call.has(weight) && call.in(weight).is_plain() ? conv_packed_bytes(stage_of(shape, weight)) : 0;
}

int64_t scratch(const OpCall& call, const Exec& exec) {
  const InvertedResidualShape shape = shape_of(call);
  return Workspace::total({own_bytes(call, shape, kExpand), own_bytes(call, shape, kDepthwise), own_bytes(call, shape, kProject),
                           inverted_residual_scratch_bytes(exec, shape)});
}

ConvStage stage(const KernelCall& call, const InvertedResidualShape& shape, size_t weight, size_t bias, size_t activation) {
  ConvStage stage;
  if (!call.has(weight)) return stage;
  stage.packed = call.in(weight).data<float>();
  if (call.in(weight).is_plain()) {
    float* own = call.workspace.floats(own_bytes(call, shape, weight));
    conv_pack(call.exec, stage_of(shape, weight), stage.packed, own);
    stage.packed = own;
  }
  if (call.has(bias)) stage.epilogue.bias = call.in(bias).data<float>();
  const std::string& name = call.attrs.string(activation);
  stage.epilogue.clamp = !name.empty();
  stage.epilogue.highest = activation_limit(name);
  return stage;
}

void kernel(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const InvertedResidualShape shape = shape_of(call);
  const ConvStage expand = stage(call, shape, kExpand, kExpandBias, kExpandActivation);
  const ConvStage depthwise = stage(call, shape, kDepthwise, kDepthwiseBias, kDepthwiseActivation);
  ConvStage project = stage(call, shape, kProject, kProjectBias, kActivation);
  if (call.has(kResidual)) project.epilogue.residual = call.in(kResidual).data<float>();
  inverted_residual(call.exec, shape, call.in(0).data<float>(), expand, depthwise, project, call.out().data<float>(),
                    call.workspace.take(inverted_residual_scratch_bytes(call.exec, shape)));
}

}  // namespace

void declare_inverted_residual(Registry& registry) {
  const auto activation = [](const char* name) { return AttrDecl{name, AttrType::kString, std::string()}; };
  registry.add({.name = "inverted_residual",
                .inputs = {"inp", "depthwise_weight", "project_weight", "expand_weight", "expand_bias", "depthwise_bias", "project_bias", "residual"},
                .optional_inputs = 5,
                .attrs = {{"stride", AttrType::kInts, Dims{1, 1}}, {"padding", AttrType::kInts, Dims{0, 0}}, activation("expand_activation"),
                          activation("depthwise_activation"), activation("activation")},
                .infer = infer, .layouts = layouts, .kernel = kernel, .scratch = scratch, .packed_bytes = packed_bytes, .pack = pack,
                .no_gradient = kNoFusedGradient, .onnx_note = kNoFusedOnnx});
}

}  // namespace keima
