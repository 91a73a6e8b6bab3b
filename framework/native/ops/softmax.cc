// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Softmax, its logarithm and its normaliser along one axis.
#include "kernels/softmax/softmax.h"

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

constexpr size_t kAxis = 0, kKeepDims = 1;

int checked_axis(const OpCall& call, const Tensor& x) {
  if (!x.dtype().is_float()) fail(ErrorKind::kDtype, call.op.name, ": expected a float tensor, got ", x.dtype(), "; convert with astype('float32')");
  return normalize_axis(call.op.name, call.attrs.integer(kAxis), x.ndim());
}

SoftmaxArgs kernel_args(const KernelCall& call) {
  const Tensor& x = call.in(0);
  const AxisSplit split = split_at(x.shape(), normalize_axis(call.op.name, call.attrs.integer(kAxis), x.ndim()));
  return {x.dtype().scalar(), split.outer, split.n, split.inner, x.raw(), call.out().raw()};
}

// --- softmax and its logarithm ---------------------------------------------------------------------------------

void infer_softmax(const OpCall& call, DescList& out) {
  checked_axis(call, call.in(0));
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
}

template <void (*kernel)(const Exec&, const SoftmaxArgs&)>
void kernel_softmax(const KernelCall& call) {
  if (call.out().numel() > 0) kernel(call.exec, kernel_args(call));
}

void infer_backward(const OpCall& call, DescList& out) {
  checked_axis(call, call.in(0));
  if (!(call.in(0).shape() == call.in(1).shape()) || !(call.in(0).dtype() == call.in(1).dtype()))
    fail(ErrorKind::kShape, call.op.name, ": expected dy like y, ", call.in(0).dtype(), " of shape ", call.in(0).shape(), ", got ",
         call.in(1).dtype(), " of shape ", call.in(1).shape());
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
}

template <void (*kernel)(const Exec&, const SoftmaxBackwardArgs&)>
void kernel_backward(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const SoftmaxArgs args = kernel_args(call);
  kernel(call.exec, {args.type, args.outer, args.n, args.inner, args.in, call.in(1).raw(), args.out});
}

Attrs summed(const GradCall& g) { return Attrs{Dims{g.attrs.integer(kAxis)}, true}; }

// y (dy - sum(dy y))
void grad_softmax(GradCall& g) {
  const Expr y = g.out(), dy = g.grad();
  g.set(0, g.applier.differentiable() ? y * (dy - call<"sum">(dy * y, summed(g))) : call<"softmax_backward">(y, dy, g.attrs));
}

// dy - e^y sum(dy)
void grad_log_softmax(GradCall& g) {
  const Expr y = g.out(), dy = g.grad();
  g.set(0, g.applier.differentiable() ? dy - call<"exp">(y) * call<"sum">(dy, summed(g)) : call<"log_softmax_backward">(y, dy, g.attrs));
}

// --- logsumexp -------------------------------------------------------------------------------------------------

void infer_logsumexp(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const int axis = checked_axis(call, x);
  if (x.shape()[axis] == 0) fail(ErrorKind::kShape, "logsumexp: axis ", axis, " of shape ", x.shape(), " is empty and has no logarithm");
  Dims shape;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i != axis) shape.push_back(x.shape()[i]);
    else if (call.attrs.flag(kKeepDims)) shape.push_back(1);
  }
  out.push_back({shape, x.dtype()});
}

void kernel_logsumexp(const KernelCall& call) { logsumexp(call.exec, kernel_args(call)); }

// The softmax: e^x / sum(e^x) = e^(x - out).
void grad_logsumexp(GradCall& g) {
  Dims kept = g.in_shape(0);
  kept[normalize_axis("logsumexp", g.attrs.integer(kAxis), kept.size())] = 1;
  g.set(0, call<"reshape">(g.grad(), Attrs{kept}) * call<"softmax">(g.in(0), Attrs{g.attrs.integer(kAxis)}));
}

}  // namespace

void declare_softmax(Registry& registry) {
  const std::vector<AttrDecl> axis{{"axis", AttrType::kInt, std::nullopt}};
  const char *composed = "softmax and log_softmax compose their gradients when a higher order is asked for", *note = "a gradient";
  registry.add({.name = "softmax", .inputs = {"inp"}, .attrs = axis, .infer = infer_softmax, .kernel = kernel_softmax<softmax>,
                .gradient = grad_softmax, .saved = {0, 1}, .in_place = 0, .onnx = "Softmax"});
  registry.add({.name = "log_softmax", .inputs = {"inp"}, .attrs = axis, .infer = infer_softmax, .kernel = kernel_softmax<log_softmax>,
                .gradient = grad_log_softmax, .saved = {0, 1}, .in_place = 0, .onnx = "LogSoftmax"});
  registry.add({.name = "softmax_backward", .inputs = {"y", "dy"}, .attrs = axis, .infer = infer_backward,
                .kernel = kernel_backward<softmax_backward>, .no_gradient = composed, .in_place = 1, .onnx_note = note});
  registry.add({.name = "log_softmax_backward", .inputs = {"y", "dy"}, .attrs = axis, .infer = infer_backward,
                .kernel = kernel_backward<log_softmax_backward>, .no_gradient = composed, .in_place = 1, .onnx_note = note});
  registry.add({.name = "logsumexp", .inputs = {"inp"}, .attrs = {axis[0], {"keepdims", AttrType::kBool, false}}, .infer = infer_logsumexp,
                .kernel = kernel_logsumexp, .gradient = grad_logsumexp, .saved = {1, 0}, .onnx = "ReduceLogSumExp"});
}

}  // namespace keima
