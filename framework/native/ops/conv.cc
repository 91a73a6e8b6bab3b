// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// 2-D convolution and its two backwards; each is linear in both operands, so their gradients are one another.
#include <algorithm>
#include <array>
#include <cstring>

#include "base/execution.h"
#include "ops/activation.h"
#include "ops/conv_geometry.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kStride = 0, kPadding = 1, kDilation = 2, kGroups = 3, kShape = 4;
constexpr uint8_t kBlock = 16;

std::vector<AttrDecl> attributes(bool with_shape) {
  std::vector<AttrDecl> attrs{{"stride", AttrType::kInts, Dims{1, 1}},
                              {"padding", AttrType::kInts, Dims{0, 0}},
                              {"dilation", AttrType::kInts, Dims{1, 1}},
                              {"groups", AttrType::kInt, int64_t{1}}};
  if (with_shape) attrs.push_back({"shape", AttrType::kInts, std::nullopt});
  return attrs;
}

// Weights are (O, I, kh, kw), or (G, O/G, I/G, kh, kw) when there are groups.
void check_weight(const Op& op, const Dims& weight, int64_t groups) {
  const int expected = groups == 1 ? 4 : 5;
  if (groups < 1) fail(ErrorKind::kValue, op.name, ": groups must be positive, got ", groups);
  const bool fits = weight.size() == expected || (groups == 1 && weight.size() == 5 && weight[0] == 1);
  if (!fits)
    fail(ErrorKind::kShape, op.name, ": expected weights of shape ", groups == 1 ? "(O, I, kh, kw)" : "(groups, O/groups, I/groups, kh, kw)",
         " for groups=", groups, ", got ", weight);
  if (expected == 5 && weight[0] != groups) fail(ErrorKind::kShape, op.name, ": weights of shape ", weight, " are for ", weight[0], " groups, got groups=", groups);
}

// Kernels copy an image between its borders, cut by strides, in less than twice its length along each axis (a window and its stride
// go into it). The copies' sizes, in bytes and for all threads, have to fit into 64 bits, whatever a file says.
void check_extent(const Op& op, const ConvGeometry& g, const Dims& input) {
  constexpr double most = 3.5e13;  // 2^45
  const Window& w = g.window;
  const auto along = [](int64_t in, int64_t padding) { return static_cast<double>(in) + 2 * static_cast<double>(padding); };
  const double channels = static_cast<double>(g.in_channels) + static_cast<double>(g.out_channels) + 32;
  if (channels * along(w.in_h, w.padding_h) * along(w.in_w, w.padding_w) <= most) return;
  fail(ErrorKind::kShape, op.name, ": ", g.in_channels, " to ", g.out_channels, " channels of an input of shape ", input, ", padded by ", Dims{w.padding_h, w.padding_w},
       ", take more memory than can be addressed; expected less padding or fewer channels");
}

using Geometry = ConvGeometry;

Geometry geometry(const OpCall& call, const Dims& input, const Dims& weight) {
  return conv_geometry(call.op, input, weight, call.attrs.ints(kStride), call.attrs.ints(kPadding), call.attrs.ints(kDilation), call.attrs.integer(kGroups));
}

void infer_conv2d(const OpCall& call, DescList& out) {
  require_all_float32(call);
  const Geometry g = geometry(call, call.in(0).shape(), call.in(1).shape());
  if (call.has(2) && call.in(2).numel() != g.out_channels)
    fail(ErrorKind::kShape, "conv2d: expected a bias of ", g.out_channels, " elements, shape (1, ", g.out_channels, ", 1, 1), got ", call.in(2).shape());
  out.push_back({{g.batch, g.out_channels, g.window.out_h, g.window.out_w}, ScalarType::kFloat32});
}

void infer_backward_data(const OpCall& call, DescList& out) {
  require_all_float32(call);
  const Dims &shape = call.attrs.ints(kShape), &dy = call.in(1).shape();
  const Geometry g = geometry(call, shape, call.in(0).shape());
  const Dims expected{g.batch, g.out_channels, g.window.out_h, g.window.out_w};
  if (!(dy == expected)) fail(ErrorKind::kShape, call.op.name, ": expected an output gradient of shape ", expected, ", got ", dy);
  out.push_back({shape, ScalarType::kFloat32});
}

void infer_backward_weight(const OpCall& call, DescList& out) {
  require_all_float32(call);
  const Dims &shape = call.attrs.ints(kShape), &dy = call.in(1).shape();
  const Geometry g = geometry(call, call.in(0).shape(), shape);
  const Dims expected{g.batch, g.out_channels, g.window.out_h, g.window.out_w};
  if (!(dy == expected)) fail(ErrorKind::kShape, call.op.name, ": expected an output gradient of shape ", expected, ", got ", dy);
  out.push_back({shape, ScalarType::kFloat32});
}

// Of the convolution's input and its gradient: images of few channels would be mostly air in blocks.
Layout input_layout(const Geometry& g) { return conv_input_is_plain(conv_shape(g)) ? Layout::strided() : Layout::blocked(kBlock); }

void layouts_conv2d(const OpCall& call, LayoutChoice& choice) {
  choice.inputs.push_back({input_layout(geometry(call, call.in(0).shape(), call.in(1).shape()))});
  for (size_t i = 1; i < call.inputs.size(); ++i) choice.inputs.push_back({});
  choice.outputs.push_back(Layout::blocked(kBlock));
}
void layouts_backward_data(const OpCall& call, LayoutChoice& choice) {
  choice.inputs.push_back({});
  choice.inputs.push_back({Layout::blocked(kBlock)});
  choice.outputs.push_back(input_layout(geometry(call, call.attrs.ints(kShape), call.in(0).shape())));
}
void layouts_backward_weight(const OpCall& call, LayoutChoice& choice) {
  choice.inputs.push_back({input_layout(geometry(call, call.in(0).shape(), call.attrs.ints(kShape)))});
  choice.inputs.push_back({Layout::blocked(kBlock)});
  choice.outputs.push_back({});
}

// --- kernels ---------------------------------------------------------------------------------------------------

ConvShape chosen(const Geometry& g, ConvPass pass) {
  ConvShape shape = conv_shape(g);
  shape.algorithm = conv_choose(shape, pass);
  return shape;
}

ConvShape forward_shape(const OpCall& call) { return chosen(geometry(call, call.in(0).shape(), call.in(1).shape()), ConvPass::kForward); }
ConvShape backward_data_shape(const OpCall& call) {
  return chosen(geometry(call, call.attrs.ints(kShape), call.in(0).shape()), ConvPass::kBackwardData);
}
ConvShape backward_weight_shape(const OpCall& call) {
  return chosen(geometry(call, call.in(0).shape(), call.attrs.ints(kShape)), ConvPass::kBackwardWeights);
}

// Weights are packed at every call, into scratch.
int64_t scratch_conv2d(const OpCall& call, const Exec& exec) {
  const ConvShape shape = forward_shape(call);
  return Workspace::total({conv_packed_bytes(shape), conv_forward_scratch_bytes(exec, shape)});
}

void kernel_conv2d(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const ConvShape shape = forward_shape(call);
  float* packed = call.workspace.floats(conv_packed_bytes(shape));
  conv_pack(call.exec, shape, call.in(1).data<float>(), packed);
  ConvEpilogue epilogue;
  if (call.has(2)) epilogue.bias = call.in(2).data<float>();
  conv_forward(call.exec, shape, call.in(0).data<float>(), packed, epilogue, call.out().data<float>(),
               call.workspace.take(conv_forward_scratch_bytes(call.exec, shape)));
}

int64_t scratch_backward_data(const OpCall& call, const Exec& exec) {
  const ConvShape shape = backward_data_shape(call);
  if (shape.out_channels == 0) return 0;
  return Workspace::total({conv_backward_packed_bytes(shape), conv_backward_data_scratch_bytes(exec, shape)});
}

void kernel_backward_data(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const ConvShape shape = backward_data_shape(call);
  if (shape.out_channels == 0) {  // a sum of nothing, in whatever layout
    std::memset(call.out().raw(), 0, static_cast<size_t>(layout_bytes(call.out().shape(), call.out().dtype(), call.out().layout())));
    return;
  }
  float* packed = call.workspace.floats(conv_backward_packed_bytes(shape));
  conv_backward_pack(call.exec, shape, call.in(0).data<float>(), packed);
  conv_backward_data(call.exec, shape, call.in(1).data<float>(), packed, {}, call.out().data<float>(),
                     call.workspace.take(conv_backward_data_scratch_bytes(call.exec, shape)));
}

int64_t scratch_backward_weight(const OpCall& call, const Exec& exec) {
  return Workspace::total({conv_backward_weights_scratch_bytes(exec, backward_weight_shape(call))});
}

void kernel_backward_weight(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const ConvShape shape = backward_weight_shape(call);
  conv_backward_weights(call.exec, shape, call.in(0).data<float>(), call.in(1).data<float>(), call.out().data<float>(),
                        call.workspace.take(conv_backward_weights_scratch_bytes(call.exec, shape)));
}

// --- with what follows it, for the compiler --------------------------------------------------------------------------

constexpr size_t kResidual = 3, kActivation = 4, kAlgorithm = 5;

constexpr std::array<std::pair<const char*, ConvAlgorithm>, 3> kAlgorithms{
    {{"direct", ConvAlgorithm::kDirect}, {"winograd2", ConvAlgorithm::kWinograd2}, {"winograd4", ConvAlgorithm::kWinograd4}}};

// The attribute's; "": the fixed choice.
ConvAlgorithm algorithm_of(const OpCall& call, const ConvShape& shape) {
  const std::string& given = call.attrs.string(kAlgorithm);
  if (given.empty()) return conv_choose_packed(shape);
  for (const auto& [name, algorithm] : kAlgorithms)
    if (given == name && conv_supports(shape, algorithm)) return algorithm;
  fail(ErrorKind::kValue, call.op.name, ": there is no algorithm '", given, "' for this convolution");
}

void infer_fused(const OpCall& call, DescList& out) {
  infer_conv2d(call, out);
  check_activation(call.op, call.attrs.string(kActivation));
  algorithm_of(call, conv_shape(geometry(call, call.in(0).shape(), call.in(1).shape())));
  if (call.has(kResidual) && !(call.in(kResidual).shape() == out[0].shape))
    fail(ErrorKind::kShape, call.op.name, ": expected a residual of shape ", out[0].shape, ", got ", call.in(kResidual).shape());
}

void layouts_fused(const OpCall& call, LayoutChoice& choice) {
  layouts_conv2d(call, choice);
  choice.inputs[1].layout = call.in(1).layout().kind == LayoutKind::kPacked ? call.in(1).layout() : Layout{};
  if (call.has(kResidual)) choice.inputs[kResidual].layout = Layout::blocked(kBlock);
}

// Packing and running make the same choice.
ConvShape fused_shape(const OpCall& call) {
  ConvShape shape = conv_shape(geometry(call, call.in(0).shape(), call.in(1).shape()));
  shape.algorithm = algorithm_of(call, shape);
  return shape;
}

std::vector<std::string> algorithms_fused(const OpCall& call) {
  const ConvShape shape = conv_shape(geometry(call, call.in(0).shape(), call.in(1).shape()));
  const ConvAlgorithm first = conv_choose_packed(shape);
  std::vector<std::string> names;
  for (const auto& [name, algorithm] : kAlgorithms)
    if (conv_supports(shape, algorithm)) names.insert(algorithm == first ? names.begin() : names.end(), name);
  return names;
}

int64_t packed_bytes_fused(const OpCall& call, size_t input) {
  return input == 1 ? static_cast<int64_t>(conv_packed_bytes(fused_shape(call))) : 0;
}

void pack_fused(const OpCall& call, size_t, std::byte* to) {
  conv_pack(default_exec(), fused_shape(call), to_contiguous(call.in(1)).data<float>(), reinterpret_cast<float*>(to));
}

// Weights that no compiler packed are packed into scratch.
int64_t scratch_fused(const OpCall& call, const Exec& exec) {
  const ConvShape shape = fused_shape(call);
  return Workspace::total({call.in(1).is_plain() ? conv_packed_bytes(shape) : 0, conv_forward_scratch_bytes(exec, shape)});
}

void kernel_fused(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const Tensor& weight = call.in(1);
  const ConvShape shape = fused_shape(call);
  const float* packed = weight.data<float>();
  if (weight.is_plain()) {
    float* own = call.workspace.floats(conv_packed_bytes(shape));
    conv_pack(call.exec, shape, packed, own);
    packed = own;
  }
  const std::string& activation = call.attrs.string(kActivation);
  ConvEpilogue epilogue;
  if (call.has(2)) epilogue.bias = call.in(2).data<float>();
  if (call.has(kResidual)) epilogue.residual = call.in(kResidual).data<float>();
  epilogue.clamp = !activation.empty();
  epilogue.highest = activation_limit(activation);
  conv_forward(call.exec, shape, call.in(0).data<float>(), packed, epilogue, call.out().data<float>(),
               call.workspace.take(conv_forward_scratch_bytes(call.exec, shape)));
}

Attrs with_shape(const GradCall& g, const Dims& shape) {
  return Attrs{g.attrs.ints(kStride), g.attrs.ints(kPadding), g.attrs.ints(kDilation), g.attrs.integer(kGroups), shape};
}
Attrs without_shape(const GradCall& g) {
  return Attrs{g.attrs.ints(kStride), g.attrs.ints(kPadding), g.attrs.ints(kDilation), g.attrs.integer(kGroups)};
}

void grad_conv2d(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"conv2d_backward_data">(g.in(1), g.grad(), with_shape(g, g.in_shape(0))));
  if (g.needs(1)) g.set(1, call<"conv2d_backward_weight">(g.in(0), g.grad(), with_shape(g, g.in_shape(1))));
  if (g.needs(2)) g.set(2, call<"reshape">(call<"sum">(g.grad(), Attrs{Dims{0, 2, 3}, false}), Attrs{g.in_shape(2)}));
}
void grad_backward_data(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"conv2d_backward_weight">(g.grad(), g.in(1), with_shape(g, g.in_shape(0))));
  if (g.needs(1)) g.set(1, call<"conv2d">(g.grad(), g.in(0), without_shape(g)));
}
void grad_backward_weight(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"conv2d_backward_data">(g.grad(), g.in(1), with_shape(g, g.in_shape(0))));
  if (g.needs(1)) g.set(1, call<"conv2d">(g.in(0), g.grad(), without_shape(g)));
}

}  // namespace

ConvGeometry conv_geometry(const Op& op, const Dims& input, const Dims& weight, const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups) {
  check_weight(op, weight, groups);
  if (input.size() != 4) fail(ErrorKind::kShape, op.name, ": expected an input of shape (N, C, H, W), got ", input);
  const int at = weight.size() - 4;
  ConvGeometry g;
  g.groups = groups;
  g.batch = input[0];
  g.in_channels = input[1];
  g.out_channels = weight[at] * groups;
  if (g.in_channels == 0) fail(ErrorKind::kShape, op.name, ": expected at least one input channel, got an input of shape ", input);
  g.window = make_window(op.name, input, weight[at + 2], weight[at + 3], stride, padding, dilation);
  if (weight[at + 1] * groups != g.in_channels)
    fail(ErrorKind::kShape, op.name, ": weights of shape ", weight, " take ", weight[at + 1] * groups, " input channels, the input of shape ", input, " has ",
         g.in_channels);
  check_extent(op, g, input);
  return g;
}

ConvShape conv_shape(const ConvGeometry& g) {
  const Window& w = g.window;
  return {.batch = g.batch, .in_channels = g.in_channels, .in_height = w.in_h, .in_width = w.in_w, .out_channels = g.out_channels,
          .out_height = w.out_h, .out_width = w.out_w, .kernel_height = w.kernel_h, .kernel_width = w.kernel_w, .stride_height = w.stride_h,
          .stride_width = w.stride_w, .pad_top = w.padding_h, .pad_left = w.padding_w, .dilation_height = w.dilation_h,
          .dilation_width = w.dilation_w, .groups = g.groups};
}

void declare_conv(Registry& registry) {
  registry.add({.name = "conv2d", .inputs = {"inp", "weight", "bias"}, .optional_inputs = 1, .attrs = attributes(false), .infer = infer_conv2d,
                .layouts = layouts_conv2d, .kernel = kernel_conv2d, .scratch = scratch_conv2d, .gradient = grad_conv2d, .saved = {3, 0}, .onnx = "Conv"});
  std::vector<AttrDecl> fused = attributes(false);
  fused.push_back({"activation", AttrType::kString, std::string()});
  fused.push_back({"algorithm", AttrType::kString, std::string()});
  registry.add({.name = "conv2d_fused", .inputs = {"inp", "weight", "bias", "residual"}, .optional_inputs = 2, .attrs = fused, .infer = infer_fused,
                .layouts = layouts_fused, .kernel = kernel_fused, .scratch = scratch_fused, .packed_bytes = packed_bytes_fused, .pack = pack_fused, .algorithms = algorithms_fused, .no_gradient = kNoFusedGradient, .in_place = kResidual,
                .onnx_note = kNoFusedOnnx});
  registry.add({.name = "conv2d_backward_data", .inputs = {"weight", "dy"}, .attrs = attributes(true), .infer = infer_backward_data,
                .layouts = layouts_backward_data, .kernel = kernel_backward_data, .scratch = scratch_backward_data, .gradient = grad_backward_data, .saved = {3, 0},
                .onnx = "ConvTranspose"});
  registry.add({.name = "conv2d_backward_weight", .inputs = {"inp", "dy"}, .attrs = attributes(true), .infer = infer_backward_weight,
                .layouts = layouts_backward_weight, .kernel = kernel_backward_weight, .scratch = scratch_backward_weight, .gradient = grad_backward_weight, .saved = {3, 0},
                .onnx_note = "a gradient"});
}

}  // namespace keima
