// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Batch normalisation in training: statistics, normalisation and the fused backward (Ioffe and Szegedy, 2015). With
// fixed statistics it is an affine map, which the functional API composes.
#include <cmath>

#include "kernels/batch_norm/batch_norm.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr uint8_t kBlock = 16;

// (1, C, 1, ...) for an input of shape (N, C, ...).
Dims channel_shape(const Dims& input) {
  Dims shape = Dims::filled(input.size(), 1);
  shape[1] = input[1];
  return shape;
}

int64_t reduced_count(const Dims& input) { return input.numel() / std::max<int64_t>(input[1], 1); }

Dims reduced_axes(const Dims& input) {
  Dims axes{0};
  for (int i = 2; i < input.size(); ++i) axes.push_back(i);
  return axes;
}

void check_operands(const OpCall& call) {
  require_all_float32(call);
  const Tensor& x = call.in(0);
  if (x.ndim() < 2) fail(ErrorKind::kShape, call.op.name, ": expected an input of shape (N, C, ...), got ", x.shape());
  if (reduced_count(x.shape()) < 1) fail(ErrorKind::kShape, call.op.name, ": there is nothing to take statistics of in shape ", x.shape());
}

void check_channels(const OpCall& call, size_t i) {
  if (call.has(i) && call.in(i).numel() != call.in(0).shape()[1])
    fail(ErrorKind::kShape, call.op.name, ": expected ", call.op.inputs[i], " of shape ", channel_shape(call.in(0).shape()), ", got ", call.in(i).shape());
}

BatchNormArgs kernel_args(const Dims& input) {
  int64_t pixels = 1;
  for (int i = 2; i < input.size(); ++i) pixels *= input[i];
  return {input[0], (input[1] + kBlock - 1) / kBlock, pixels};
}

// One float a lane of every channel block; lanes past the last channel hold 0.
struct ChannelArray {
  std::vector<float> values;
  explicit ChannelArray(int64_t blocks) : values(static_cast<size_t>(blocks * kBlock)) {}
  ChannelArray(int64_t blocks, const Tensor& tensor, float fallback) : ChannelArray(blocks) {
    if (!tensor) {
      std::fill(values.begin(), values.end(), fallback);
      return;
    }
    std::copy_n(tensor.data<float>(), tensor.numel(), values.begin());
  }
  float* data() { return values.data(); }
  float& operator[](size_t i) { return values[i]; }
  size_t size() const { return values.size(); }
  void store(const Tensor& tensor) const { std::copy_n(values.begin(), tensor.numel(), tensor.data<float>()); }
};

// --- forward ---------------------------------------------------------------------------------------------------

void infer_train(const OpCall& call, DescList& out) {
  check_operands(call);
  check_channels(call, 1);
  check_channels(call, 2);
  const Dims channels = channel_shape(call.in(0).shape());
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
  out.push_back({channels, call.in(0).dtype()});
  out.push_back({channels, call.in(0).dtype()});
}

void layouts_train(const OpCall& call, LayoutChoice& choice) {
  choice.inputs.push_back({Layout::blocked(kBlock)});
  for (size_t i = 1; i < call.inputs.size(); ++i) choice.inputs.push_back({});
  choice.outputs.push_back(Layout::blocked(kBlock));
  choice.outputs.push_back({});
  choice.outputs.push_back({});
}

void kernel_train(const KernelCall& call) {
  const BatchNormArgs args = kernel_args(call.in(0).shape());
  const float eps = static_cast<float>(call.attrs.real(0));
  const auto* in = call.in(0).data<const float>();
  ChannelArray mean(args.blocks), variance(args.blocks);
  ChannelArray scale(args.blocks, call.has(1) ? call.in(1) : Tensor(), 1), shift(args.blocks, call.has(2) ? call.in(2) : Tensor(), 0);
  batch_norm_statistics(call.exec, args, in, mean.data(), variance.data());
  mean.store(call.out(1));
  variance.store(call.out(2));
  for (size_t c = 0; c < scale.size(); ++c) {
    scale[c] /= std::sqrt(variance[c] + eps);
    shift[c] -= mean[c] * scale[c];
  }
  batch_norm_apply(call.exec, args, in, scale.data(), shift.data(), call.out(0).data<float>());
}

// --- backward --------------------------------------------------------------------------------------------------

void infer_backward(const OpCall& call, DescList& out) {
  check_operands(call);
  for (size_t i : {1, 3, 4}) check_channels(call, i);
  if (!(call.in(2).shape() == call.in(0).shape()))
    fail(ErrorKind::kShape, call.op.name, ": expected an output gradient of shape ", call.in(0).shape(), ", got ", call.in(2).shape());
  const Dims channels = channel_shape(call.in(0).shape());
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
  out.push_back({channels, call.in(0).dtype()});
  out.push_back({channels, call.in(0).dtype()});
}

void layouts_backward(const OpCall&, LayoutChoice& choice) {
  for (const bool blocked : {true, false, true, false, false}) choice.inputs.push_back({blocked ? Layout::blocked(kBlock) : Layout{}});
  choice.outputs.push_back(Layout::blocked(kBlock));
  choice.outputs.push_back({});
  choice.outputs.push_back({});
}

// With s = 1/sqrt(var + eps) and n elements a channel:
//   dx = w s (g - mean(g) - (x - mu) s^2 mean(g (x - mu))), dw = s sum(g (x - mu)), db = sum(g).
void kernel_backward(const KernelCall& call) {
  const BatchNormArgs args = kernel_args(call.in(0).shape());
  const double count = static_cast<double>(reduced_count(call.in(0).shape())), eps = call.attrs.real(0);
  const auto *in = call.in(0).data<const float>(), *gradient = call.in(2).data<const float>();
  ChannelArray weight(args.blocks, call.in(1), 1), mean(args.blocks, call.in(3), 0), variance(args.blocks, call.in(4), 0);
  ChannelArray sum(args.blocks), dot(args.blocks), a(args.blocks), b(args.blocks), k(args.blocks);
  batch_norm_gradient_sums(call.exec, args, in, gradient, mean.data(), sum.data(), dot.data());
  for (size_t c = 0; c < sum.size(); ++c) {
    const double s = 1.0 / std::sqrt(static_cast<double>(variance[c]) + eps);
    const double along = static_cast<double>(weight[c]) * s, slope = -along * s * s * static_cast<double>(dot[c]) / count;
    a[c] = static_cast<float>(along);
    b[c] = static_cast<float>(slope);
    k[c] = static_cast<float>(-along * static_cast<double>(sum[c]) / count - slope * static_cast<double>(mean[c]));
    dot[c] = static_cast<float>(static_cast<double>(dot[c]) * s);
  }
  batch_norm_gradient(call.exec, args, in, gradient, a.data(), b.data(), k.data(), call.out(0).data<float>());
  dot.store(call.out(1));
  sum.store(call.out(2));
}

// The same formula as ops that have gradients, statistics included as functions of x.
void composed_gradient(GradCall& g) {
  const Expr x = g.in(0), dy = g.grad(0);
  const Attrs over{reduced_axes(x.shape()), true};
  const Expr centered = x - call<"mean">(x, over);
  const Expr inverse = 1.0 / call<"sqrt">(call<"mean">(centered * centered, over) + g.attrs.real(0));
  const Expr normal = centered * inverse;
  if (g.needs(0)) {
    const Expr scaled = g.in_shape(1).empty() ? dy : dy * call<"reshape">(g.in(1), Attrs{channel_shape(x.shape())});
    g.set(0, inverse * (scaled - call<"mean">(scaled, over) - normal * call<"mean">(scaled * normal, over)));
  }
  if (g.needs(1)) g.set(1, call<"reshape">(call<"sum">(dy * normal, over), Attrs{g.in_shape(1)}));
  if (g.needs(2)) g.set(2, call<"reshape">(call<"sum">(dy, over), Attrs{g.in_shape(2)}));
}

void grad_train(GradCall& g) {
  if (g.has_grad(1) || g.has_grad(2))
    fail(ErrorKind::kUnsupported, g.op.name, ": the statistics it returns are for running averages and have no gradient; detach them");
  if (g.applier.differentiable()) return composed_gradient(g);
  const Value weight = g.in_shape(1).empty() ? Value{filled(channel_shape(g.in_shape(0)), 1.0, g.in_dtype(0)), nullptr, 0} : g.in(1).value();
  ValueList grads = call_all<"batch_norm_backward">(g.applier, {g.in(0).value(), weight, g.grad(0).value(), g.out(1).value(), g.out(2).value()}, g.attrs);
  if (g.needs(0)) g.set(0, Expr(g.applier, grads[0]));
  if (g.needs(1)) g.set(1, call<"reshape">(Expr(g.applier, grads[1]), Attrs{g.in_shape(1)}));
  if (g.needs(2)) g.set(2, call<"reshape">(Expr(g.applier, grads[2]), Attrs{g.in_shape(2)}));
}

}  // namespace

void declare_batch_norm(Registry& registry) {
  const std::vector<AttrDecl> eps{{"eps", AttrType::kFloat, 1e-5}};
  registry.add({.name = "batch_norm_train", .inputs = {"inp", "weight", "bias"}, .optional_inputs = 2, .attrs = eps, .outputs = 3, .infer = infer_train,
                .layouts = layouts_train, .kernel = kernel_train, .gradient = grad_train, .saved = {3, 6}, .onnx = "BatchNormalization"});
  registry.add({.name = "batch_norm_backward", .inputs = {"inp", "weight", "dy", "mean", "variance"}, .attrs = eps, .outputs = 3, .infer = infer_backward,
                .layouts = layouts_backward, .kernel = kernel_backward,
                .no_gradient = "batch_norm_train composes its gradient when a higher order is asked for", .onnx_note = "a gradient"});
}

}  // namespace keima
