// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Layer normalisation over the last dimensions (Ba et al., 2016).
#include "kernels/layer_norm/layer_norm.h"

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kDims = 0, kEps = 1;

int64_t normalized_dims(const OpCall& call) {
  const int64_t dims = call.attrs.integer(kDims);
  if (dims < 1 || dims > call.in(0).ndim())
    fail(ErrorKind::kValue, "layer_norm: expected dims from 1 to the input's ", call.in(0).ndim(), ", got ", dims);
  return dims;
}

// The sizes of the last `dims` dimensions.
Dims normalized_shape(const Dims& shape, int64_t dims) {
  Dims last;
  for (int i = shape.size() - static_cast<int>(dims); i < shape.size(); ++i) last.push_back(shape[i]);
  return last;
}

void infer(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  require_all_float32(call);
  const Dims last = normalized_shape(x.shape(), normalized_dims(call));
  for (size_t i : {1, 2})
    if (call.has(i) && !(call.in(i).shape() == last))
      fail(ErrorKind::kShape, "layer_norm: expected ", call.op.inputs[i], " of shape ", last, ", got ", call.in(i).shape());
  out.push_back({x.shape(), x.dtype()});
}

void kernel(const KernelCall& call) {
  const Tensor& x = call.in(0);
  if (x.numel() == 0) return;
  const int64_t n = normalized_shape(x.shape(), normalized_dims(call)).numel();
  layer_norm(call.exec, {x.numel() / n, n, static_cast<float>(call.attrs.real(kEps)), x.data<float>(), call.has(1) ? call.in(1).data<float>() : nullptr,
                         call.has(2) ? call.in(2).data<float>() : nullptr, call.out().data<float>()});
}

// --- backward --------------------------------------------------------------------------------------------------

void infer_backward(const OpCall& call, DescList& out) {
  const Tensor &x = call.in(0), &dy = call.in(1);
  const Dims last = normalized_shape(x.shape(), normalized_dims(call));
  require_all_float32(call);
  if (!(dy.shape() == x.shape()) || (call.has(2) && !(call.in(2).shape() == last)))
    fail(ErrorKind::kShape, "layer_norm_backward: expected an output gradient of shape ", x.shape(), " and weights of shape ", last, ", got ",
         dy.shape(), " and ", call.has(2) ? call.in(2).shape() : Dims{});
  out.push_back({x.shape(), x.dtype()});
  out.push_back({last, x.dtype()});
  out.push_back({last, x.dtype()});
}

int64_t scratch_backward(const OpCall& call, const Exec&) {
  const int64_t elements = call.in(0).numel(), n = normalized_shape(call.in(0).shape(), normalized_dims(call)).numel();
  return elements == 0 ? 0 : Workspace::total({layer_norm_backward_scratch_bytes(elements / n, n)});
}

void kernel_backward(const KernelCall& call) {
  const Tensor& x = call.in(0);
  const int64_t n = call.out(1).numel();
  if (x.numel() == 0) {
    for (size_t i : {1, 2}) fill(call.exec, call.out(i), 0);
    return;
  }
  const LayerNormBackwardArgs args{x.numel() / n, n, static_cast<float>(call.attrs.real(kEps)), x.data<float>(),
                                   call.has(2) ? call.in(2).data<float>() : nullptr, call.in(1).data<float>(), call.out(0).data<float>(),
                                   call.out(1).data<float>(), call.out(2).data<float>()};
  layer_norm_backward(call.exec, args, call.workspace.take(layer_norm_backward_scratch_bytes(args.rows, n)));
}

Expr mean(const Expr& x, const Dims& axes) { return call<"mean">(x, Attrs{axes, true}); }

// With z the standardised input and g = dy * weight: dx = (g - mean(g) - z mean(g z)) / deviation.
void composed_gradient(GradCall& g) {
  const int ndim = g.in_shape(0).size(), dims = static_cast<int>(g.attrs.integer(kDims));
  Dims axes;
  for (int i = ndim - dims; i < ndim; ++i) axes.push_back(i);
  const Expr x = g.in(0), dy = g.grad();
  const Expr centered = x - mean(x, axes);
  const Expr deviation = call<"sqrt">(mean(centered * centered, axes) + g.attrs.real(kEps));
  const Expr z = centered / deviation;
  if (g.needs(0)) {
    const Expr scaled = g.arity() > 1 && !g.in_shape(1).empty() ? dy * g.in(1) : dy;
    g.set(0, (scaled - mean(scaled, axes) - z * mean(scaled * z, axes)) / deviation);
  }
  if (g.needs(1)) g.set(1, call<"sum_to">(dy * z, Attrs{g.in_shape(1)}));
  if (g.needs(2)) g.set(2, call<"sum_to">(dy, Attrs{g.in_shape(2)}));
}

void gradient(GradCall& g) {
  if (g.applier.differentiable()) return composed_gradient(g);
  ValueList operands{g.in(0).value(), g.grad().value()};
  if (g.arity() > 1 && !g.in_shape(1).empty()) operands.push_back(g.in(1).value());
  ValueList grads = g.applier.apply(op_of<"layer_norm_backward">(), operands, g.attrs);
  for (size_t i = 0; i < 3; ++i)
    if (g.needs(i)) g.set(i, Expr(g.applier, grads[i]));
}

}  // namespace

void declare_layer_norm(Registry& registry) {
  registry.add({.name = "layer_norm", .inputs = {"inp", "weight", "bias"}, .optional_inputs = 2,
                .attrs = {{"dims", AttrType::kInt, int64_t{1}}, {"eps", AttrType::kFloat, 1e-5}}, .infer = infer, .kernel = kernel,
                .gradient = gradient, .saved = {3, 0}, .in_place = 0, .onnx = "LayerNormalization"});
  registry.add({.name = "layer_norm_backward", .inputs = {"inp", "dy", "weight"}, .optional_inputs = 1,
                .attrs = {{"dims", AttrType::kInt, int64_t{1}}, {"eps", AttrType::kFloat, 1e-5}}, .outputs = 3, .infer = infer_backward,
                .kernel = kernel_backward, .scratch = scratch_backward, .no_gradient = "layer_norm composes its gradient when a higher order is asked for",
                .onnx_note = "a gradient"});
}

}  // namespace keima
