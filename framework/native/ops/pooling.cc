// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// 2-D pooling. Averaging is linear, so its two ops are each other's gradient; the maximum remembers where it was found.
#include "kernels/pooling/pooling.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"
#include "ops/window.h"

namespace keima {
namespace {

constexpr size_t kKernel = 0, kStride = 1, kPadding = 2, kCountPadding = 3;
constexpr uint8_t kBlock = 16;

std::vector<AttrDecl> window_attributes() {
  return {{"kernel_size", AttrType::kInts, std::nullopt}, {"stride", AttrType::kInts, std::nullopt}, {"padding", AttrType::kInts, Dims{0, 0}}};
}
std::vector<AttrDecl> average_attributes() {
  std::vector<AttrDecl> attrs = window_attributes();
  attrs.push_back({"count_padding", AttrType::kBool, false});
  return attrs;
}
std::vector<AttrDecl> with_shape(std::vector<AttrDecl> attrs) {
  attrs.push_back({"shape", AttrType::kInts, std::nullopt});
  return attrs;
}

Window window_of(const OpCall& call, const Dims& input) {
  if (input.size() != 4) fail(ErrorKind::kShape, call.op.name, ": expected an input of shape (N, C, H, W), got ", input);
  const Dims& kernel = call.attrs.ints(kKernel);
  if (kernel.size() != 1 && kernel.size() != 2) fail(ErrorKind::kValue, call.op.name, ": expected one or two numbers for kernel_size, got ", kernel);
  const Window window = make_window(call.op.name, input, kernel[0], kernel.back(), call.attrs.ints(kStride), call.attrs.ints(kPadding), {1, 1});
  if (window.padding_h >= window.kernel_h || window.padding_w >= window.kernel_w)
    fail(ErrorKind::kValue, call.op.name, ": padding ", call.attrs.ints(kPadding), " must be smaller than kernel_size ", kernel, ", or windows hold padding alone");
  return window;
}

Dims pooled_shape(const Dims& input, const Window& w) { return {input[0], input[1], w.out_h, w.out_w}; }

PoolArgs pool_args(const Dims& input, const Window& w) {
  return {input[0] * ((input[1] + kBlock - 1) / kBlock), w.in_h, w.in_w, w.out_h, w.out_w, w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.padding_h, w.padding_w};
}

void layouts_blocked(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({Layout::blocked(kBlock)});
  for (int i = 0; i < 2; ++i) choice.outputs.push_back(Layout::blocked(kBlock));
}

// --- max -------------------------------------------------------------------------------------------------------

void infer_max_pool(const OpCall& call, DescList& out) {
  require_float32(call, 0);
  const Dims shape = pooled_shape(call.in(0).shape(), window_of(call, call.in(0).shape()));
  out.push_back({shape, call.in(0).dtype()});
  out.push_back({shape, ScalarType::kInt32});
}

void kernel_max_pool(const KernelCall& call) {
  const Dims& shape = call.in(0).shape();
  max_pool(call.exec, pool_args(shape, window_of(call, shape)), call.in(0).data<float>(), call.out(0).data<float>(),
           call.out(1) ? call.out(1).data<int32_t>() : nullptr);
}

Attrs window_attrs(const GradCall& g) { return Attrs{g.attrs.ints(kKernel), g.attrs.ints(kStride), g.attrs.ints(kPadding)}; }
Attrs window_attrs(const GradCall& g, const Dims& shape) {
  return Attrs{g.attrs.ints(kKernel), g.attrs.ints(kStride), g.attrs.ints(kPadding), shape};
}

void grad_max_pool(GradCall& g) {
  if (g.has_grad(0)) g.set(0, call<"max_pool2d_scatter">(g.grad(0), g.out(1), window_attrs(g, g.in_shape(0))));
}

void check_positions(const OpCall& call, const Dims& expected) {
  if (!(call.in(1).shape() == expected) || call.in(1).dtype().scalar() != ScalarType::kInt32)
    fail(ErrorKind::kShape, call.op.name, ": expected int32 positions of shape ", expected, ", got ", call.in(1).dtype(), " of shape ", call.in(1).shape());
}

void infer_scatter(const OpCall& call, DescList& out) {
  require_float32(call, 0);
  const Dims& shape = call.attrs.ints(3);
  const Dims pooled = pooled_shape(shape, window_of(call, shape));
  if (!(call.in(0).shape() == pooled)) fail(ErrorKind::kShape, call.op.name, ": expected a gradient of shape ", pooled, ", got ", call.in(0).shape());
  check_positions(call, pooled);
  out.push_back({shape, call.in(0).dtype()});
}

void kernel_scatter(const KernelCall& call) {
  const Dims& shape = call.attrs.ints(3);
  max_pool_scatter(call.exec, pool_args(shape, window_of(call, shape)), call.in(0).data<float>(), call.in(1).data<int32_t>(), call.out().data<float>());
}

void grad_scatter(GradCall& g) { g.set(0, call<"max_pool2d_gather">(g.grad(), g.in(1), window_attrs(g))); }

void infer_gather(const OpCall& call, DescList& out) {
  require_float32(call, 0);
  const Dims pooled = pooled_shape(call.in(0).shape(), window_of(call, call.in(0).shape()));
  check_positions(call, pooled);
  out.push_back({pooled, call.in(0).dtype()});
}

void kernel_gather(const KernelCall& call) {
  const Dims& shape = call.in(0).shape();
  max_pool_gather(call.exec, pool_args(shape, window_of(call, shape)), call.in(0).data<float>(), call.in(1).data<int32_t>(), call.out().data<float>());
}

void grad_gather(GradCall& g) { g.set(0, call<"max_pool2d_scatter">(g.grad(), g.in(1), window_attrs(g, g.in_shape(0)))); }

// --- average ---------------------------------------------------------------------------------------------------

void infer_average(const OpCall& call, DescList& out) {
  require_float32(call, 0);
  out.push_back({pooled_shape(call.in(0).shape(), window_of(call, call.in(0).shape())), call.in(0).dtype()});
}

void kernel_average(const KernelCall& call) {
  const Dims& shape = call.in(0).shape();
  average_pool(call.exec, pool_args(shape, window_of(call, shape)), call.attrs.flag(kCountPadding), call.in(0).data<float>(), call.out().data<float>());
}

void grad_average(GradCall& g) {
  g.set(0, call<"avg_pool2d_backward">(
               g.grad(), Attrs{g.attrs.ints(kKernel), g.attrs.ints(kStride), g.attrs.ints(kPadding), g.attrs.flag(kCountPadding), g.in_shape(0)}));
}

void infer_average_backward(const OpCall& call, DescList& out) {
  require_float32(call, 0);
  const Dims& shape = call.attrs.ints(4);
  const Dims pooled = pooled_shape(shape, window_of(call, shape));
  if (!(call.in(0).shape() == pooled)) fail(ErrorKind::kShape, call.op.name, ": expected a gradient of shape ", pooled, ", got ", call.in(0).shape());
  out.push_back({shape, call.in(0).dtype()});
}

void kernel_average_backward(const KernelCall& call) {
  const Dims& shape = call.attrs.ints(4);
  average_pool_backward(call.exec, pool_args(shape, window_of(call, shape)), call.attrs.flag(kCountPadding), call.in(0).data<float>(), call.out().data<float>());
}

void grad_average_backward(GradCall& g) {
  g.set(0, call<"avg_pool2d">(g.grad(), Attrs{g.attrs.ints(kKernel), g.attrs.ints(kStride), g.attrs.ints(kPadding), g.attrs.flag(kCountPadding)}));
}

}  // namespace

void declare_pooling(Registry& registry) {
  const char* note = "a gradient";
  registry.add({.name = "max_pool2d", .inputs = {"inp"}, .attrs = window_attributes(), .outputs = 2, .infer = infer_max_pool, .layouts = layouts_blocked,
                .kernel = kernel_max_pool, .gradient = grad_max_pool, .saved = {0, 2}, .droppable = 2, .onnx = "MaxPool"});
  registry.add({.name = "max_pool2d_scatter", .inputs = {"dy", "positions"}, .attrs = with_shape(window_attributes()), .infer = infer_scatter,
                .layouts = layouts_blocked, .kernel = kernel_scatter, .gradient = grad_scatter, .saved = {2, 0}, .onnx_note = note});
  registry.add({.name = "max_pool2d_gather", .inputs = {"inp", "positions"}, .attrs = window_attributes(), .infer = infer_gather,
                .layouts = layouts_blocked, .kernel = kernel_gather, .gradient = grad_gather, .saved = {2, 0}, .onnx_note = note});
  registry.add({.name = "avg_pool2d", .inputs = {"inp"}, .attrs = average_attributes(), .infer = infer_average, .layouts = layouts_blocked,
                .kernel = kernel_average, .gradient = grad_average, .onnx = "AveragePool"});
  registry.add({.name = "avg_pool2d_backward", .inputs = {"dy"}, .attrs = with_shape(average_attributes()), .infer = infer_average_backward,
                .layouts = layouts_blocked, .kernel = kernel_average_backward, .gradient = grad_average_backward, .onnx_note = note});
}

}  // namespace keima
