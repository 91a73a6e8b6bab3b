// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Attention in one op, for the compiler: softmax(scale * q k') v over the last two dimensions.
#include "kernels/attention/attention.h"

#include "ops/activation.h"
#include "ops/families.h"
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
  const bool same_heads = q.shape()[0] == k.shape()[0] && q.shape()[1] == k.shape()[1] && k.shape()[0] == v.shape()[0] && k.shape()[1] == v.shape()[1];
  if (!same_heads || k_width != s.width || size_at(v, 2) != s.keys || s.keys < 1)
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
  Workspace counted;
  prepare(call, exec, counted);
  return counted.taken();
}

void kernel(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  Prepared prepared = prepare(call, call.exec, call.workspace);
  prepared.args.out = call.out().data<float>();
  attention(call.exec, prepared.args, prepared.scratch);
}

}  // namespace

void declare_attention(Registry& registry) {
  registry.add({.name = "attention", .inputs = {"q", "k", "v"},
                .attrs = {{"transposed_k", AttrType::kBool, false}, {"scale", AttrType::kFloat, 1.0}}, .infer = infer, .layouts = layouts,
                .kernel = kernel, .scratch = scratch, .no_gradient = kNoFusedGradient, .onnx_note = kNoFusedOnnx});
}

}  // namespace keima
