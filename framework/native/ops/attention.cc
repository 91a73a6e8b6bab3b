// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Attention in one op: softmax(scale * q k') v over the last two dimensions; and its gradient.
#include "kernels/attention/attention.h"

#include "ops/counted_scratch.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kTransposedK = 0, kScale = 1;

// Sizes as the kernel sees them.
struct Sizes {
  int64_t queries, keys, width, value_width;
};

int64_t size_at(const Tensor& tensor, int from_end) { return tensor.shape()[tensor.ndim() - from_end]; }

Sizes sizes_of(const OpCall& call) {
  const bool transposed = call.attrs.flag(kTransposedK);
  return {size_at(call.in(0), 2), size_at(call.in(1), transposed ? 1 : 2), size_at(call.in(0), 1), size_at(call.in(2), 1)};
}

void infer(const OpCall& call, DescList& out) {
  const Tensor &q = call.in(0), &k = call.in(1), &v = call.in(2);
  require_all_float32(call);
  for (const Tensor& input : call.inputs)
    if (input.ndim() != 4) fail(ErrorKind::kShape, "attention: expected tensors of 4 dimensions, got ", input.shape());
  const Sizes s = sizes_of(call);
  const int64_t k_width = size_at(k, call.attrs.flag(kTransposedK) ? 2 : 1);
  const bool there = s.width > 0 && s.value_width > 0;
  const bool same_heads = q.shape()[0] == k.shape()[0] && q.shape()[1] == k.shape()[1] && k.shape()[0] == v.shape()[0] && k.shape()[1] == v.shape()[1];
  if (!there || !same_heads || k_width != s.width || size_at(v, 2) != s.keys || s.keys < 1)
    fail(ErrorKind::kShape, "attention: expected q (N, H, T, d), k (N, H, S, d) or, transposed, (N, H, d, S), v (N, H, S, e), got ", q.shape(), ", ",
         k.shape(), " and ", v.shape());
  Dims shape = q.shape();
  shape[3] = s.value_width;
  out.push_back({shape, q.dtype()});
}

void layouts(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

// The last dimension must be adjacent.
Tensor with_rows(const Exec& exec, const Tensor& tensor, Workspace& workspace) {
  const bool rows = tensor.strides()[3] == 1 || tensor.shape()[3] == 1;
  return rows ? tensor : to_contiguous(exec, tensor, workspace);
}

// k' of (N, H, d, S) lies as rows of d where it was transposed on its way here.
Tensor untransposed(const Tensor& k) {
  const Dims &shape = k.shape(), &strides = k.strides();
  return k.view({shape[0], shape[1], shape[3], shape[2]}, {strides[0], strides[1], strides[3], strides[2]});
}

HeadMatrices matrices(const Tensor& t) { return {address_of<float>(t), t.strides()[2], t.strides()[0], t.strides()[1]}; }

// Ready to run: copies of what does not lie in rows are made, and scratch is taken.
struct Prepared {
  AttentionArgs args{};
  Tensor q, k, v;  // keep copies alive
  std::byte* scratch = nullptr;
};

Prepared prepare(const OpCall& call, const Exec& exec, Workspace& workspace) {
  const Sizes s = sizes_of(call);
  Prepared prepared;
  const Tensor q = prepared.q = with_rows(exec, call.in(0), workspace);
  const Tensor v = prepared.v = with_rows(exec, call.in(2), workspace);
  const Tensor k = prepared.k = with_rows(exec, call.attrs.flag(kTransposedK) ? untransposed(call.in(1)) : call.in(1), workspace);
  AttentionArgs& args = prepared.args;
  args.heads[0] = q.shape()[0];
  args.heads[1] = q.shape()[1];
  args.queries = s.queries;
  args.keys = s.keys;
  args.width = s.width;
  args.value_width = s.value_width;
  args.scale = static_cast<float>(call.attrs.real(kScale));
  args.q = matrices(q);
  args.k = matrices(k);
  args.v = matrices(v);
  args.out_stride = s.value_width;
  args.out_outer_stride = s.queries * s.value_width * q.shape()[1];
  args.out_inner_stride = s.queries * s.value_width;
  prepared.scratch = workspace.take(attention_scratch_bytes(exec, args));
  return prepared;
}

int64_t scratch(const OpCall& call, const Exec& exec) {
  return counted_scratch([&](Workspace& workspace) { prepare(call, exec, workspace); });
}

void kernel(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  Prepared prepared = prepare(call, call.exec, call.workspace);
  prepared.args.out = call.out().data<float>();
  attention(call.exec, prepared.args, prepared.scratch);
}

// --- backward --------------------------------------------------------------------------------------------------

void infer_backward(const OpCall& call, DescList& out) {
  require_all_float32(call);
  const Tensor &q = call.in(0), &k = call.in(1), &v = call.in(2), &dout = call.in(3);
  const auto same_matrices = [](const Tensor& a, const Tensor& b, int axis) { return a.shape()[0] == b.shape()[0] && a.shape()[1] == b.shape()[1] && a.shape()[axis] == b.shape()[axis]; };
  for (const Tensor& input : call.inputs)
    if (input.ndim() != 4) fail(ErrorKind::kShape, "attention_backward: expected tensors of 4 dimensions, got ", input.shape());
  const bool fit = same_matrices(q, k, 3) && same_matrices(k, v, 2) && same_matrices(q, dout, 2) && dout.shape()[3] == v.shape()[3];
  if (!fit || q.shape()[3] < 1 || v.shape()[3] < 1 || k.shape()[2] < 1)
    fail(ErrorKind::kShape, "attention_backward: expected q (N, H, T, d), k (N, H, S, d), v (N, H, S, e) and dout (N, H, T, e), got ", q.shape(), ", ", k.shape(),
         ", ", v.shape(), " and ", dout.shape());
  for (size_t i = 0; i < 3; ++i) out.push_back({call.in(i).shape(), q.dtype()});
}

void layouts_backward(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({{}, true});
  for (size_t i = 0; i < 3; ++i) choice.outputs.push_back({});
}

struct PreparedBackward {
  AttentionGradientArgs args{};
  Tensor inputs[4];  // keep copies alive
  std::byte* scratch = nullptr;
};

PreparedBackward prepare_backward(const OpCall& call, const Exec& exec, Workspace& workspace) {
  PreparedBackward prepared;
  for (size_t i = 0; i < 4; ++i) prepared.inputs[i] = with_rows(exec, call.in(i), workspace);
  const auto& [q, k, v, dout] = prepared.inputs;
  const Dims& shape = q.shape();
  prepared.args.forward = {{shape[0], shape[1]}, shape[2], k.shape()[2], shape[3], v.shape()[3], static_cast<float>(call.attrs.real(0)), matrices(q), matrices(k), matrices(v)};
  prepared.args.dout = matrices(dout);
  prepared.scratch = workspace.take(attention_backward_scratch_bytes(exec, prepared.args));
  return prepared;
}

int64_t scratch_backward(const OpCall& call, const Exec& exec) {
  return counted_scratch([&](Workspace& workspace) { prepare_backward(call, exec, workspace); });
}

HeadGradient gradient_of(const Tensor& t) { return {t.data<float>(), t.strides()[2], t.strides()[0], t.strides()[1]}; }

void kernel_backward(const KernelCall& call) {
  if (call.in(0).numel() == 0) {
    for (size_t i : {1, 2}) fill(call.exec, call.out(i), 0);
    return;
  }
  PreparedBackward prepared = prepare_backward(call, call.exec, call.workspace);
  prepared.args.dq = gradient_of(call.out(0));
  prepared.args.dk = gradient_of(call.out(1));
  prepared.args.dv = gradient_of(call.out(2));
  attention_backward(call.exec, prepared.args, prepared.scratch);
}

struct Gradients {
  Expr q, k, v;
};

// With P = softmax(scale q k'): dP = dout v', dS = P (dP - sum(P dP)).
Gradients composed_gradient(GradCall& g, const Expr& q, const Expr& k, const Expr& v) {
  const double scale = g.attrs.real(kScale);
  const Attrs plain{false, false}, times_transposed{false, true}, transposed_times{true, false};
  const Expr weights = call<"softmax">(call<"matmul">(q, k, times_transposed) * scale, Attrs{int64_t{-1}});
  const Expr dweights = call<"matmul">(g.grad(), v, times_transposed);
  const Expr dscores = weights * (dweights - call<"sum">(weights * dweights, Attrs{Dims{3}, true})) * scale;
  return {call<"matmul">(dscores, k, plain), call<"matmul">(dscores, q, transposed_times), call<"matmul">(weights, g.grad(), transposed_times)};
}

Gradients fused_gradient(GradCall& g, const Expr& q, const Expr& k, const Expr& v) {
  const ValueList grads = call_all<"attention_backward">(g.applier, {q.value(), k.value(), v.value(), g.grad().value()}, Attrs{g.attrs.real(kScale)});
  return {{g.applier, grads[0]}, {g.applier, grads[1]}, {g.applier, grads[2]}};
}

void gradient(GradCall& g) {
  const bool transposed = g.attrs.flag(kTransposedK);
  const Attrs swap{Dims{0, 1, 3, 2}};
  const Expr k = transposed ? call<"transpose">(g.in(1), swap) : g.in(1);
  const auto compute = g.applier.differentiable() ? composed_gradient : fused_gradient;
  const Gradients gradients = compute(g, g.in(0), k, g.in(2));
  if (g.needs(0)) g.set(0, gradients.q);
  if (g.needs(1)) g.set(1, transposed ? call<"transpose">(gradients.k, swap) : gradients.k);
  if (g.needs(2)) g.set(2, gradients.v);
}

}  // namespace

void declare_attention(Registry& registry) {
  registry.add({.name = "attention", .inputs = {"q", "k", "v"},
                .attrs = {{"transposed_k", AttrType::kBool, false}, {"scale", AttrType::kFloat, 1.0}}, .infer = infer, .layouts = layouts,
                .kernel = kernel, .scratch = scratch, .gradient = gradient, .saved = {7, 0}, .onnx_note = "MatMul, Softmax and MatMul"});
  registry.add({.name = "attention_backward", .inputs = {"q", "k", "v", "dout"}, .attrs = {{"scale", AttrType::kFloat, 1.0}}, .outputs = 3,
                .infer = infer_backward, .layouts = layouts_backward, .kernel = kernel_backward, .scratch = scratch_backward,
                .no_gradient = "attention composes its gradient when a higher order is asked for", .onnx_note = "a gradient"});
}

}  // namespace keima
