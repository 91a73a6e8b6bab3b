// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/execute.h"

#include "base/execution.h"
#include "base/host_lock.h"
#include "ops/layout.h"
#include "ops/profile.h"

namespace keima {
namespace {

void check_arity(const Op& op, size_t given) {
  const size_t most = op.inputs.size();
  const size_t least = most - static_cast<size_t>(op.optional_inputs);
  if (given >= least && (given <= most || op.variadic)) return;
  fail(ErrorKind::kValue, op.name, ": expected ", least == most && !op.variadic ? "" : "at least ", least, " tensors, got ", given);
}

[[gnu::noinline]] Tensor converted(const Tensor& tensor, Layout layout) {
  const profile::Span span([&] { return profile::conversion_event(tensor); });
  return tensor.layout() == layout ? to_contiguous(tensor) : to_layout(tensor, layout);
}

Tensor conform(const Tensor& tensor, const LayoutChoice::Input& wanted) {
  if (!tensor) return tensor;
  if (!(tensor.layout() == wanted.layout)) return converted(tensor, wanted.layout);
  if (tensor.is_plain() && !wanted.any_strides && !tensor.is_contiguous()) return converted(tensor, wanted.layout);
  return tensor;
}

// No op on fewer elements takes long: a product of matrices of so many in all has a million operations.
constexpr int64_t kFewElements = 1 << 14;

bool is_long_running(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const DescList& descs) {
  int64_t elements = 0;
  for (const Tensor& input : inputs) elements += input ? input.numel() : 0;
  for (const TensorDesc& desc : descs) elements += desc.shape.numel();
  return elements >= kFewElements && keima::is_long_running(cost_of(op, attrs, sizes_of(inputs), sizes_of(descs)));
}

bool fits_in_place(const Tensor& input, const TensorDesc& desc, Layout layout) {
  return input && input.unique() && input.dtype() == desc.dtype && input.shape() == desc.shape && input.layout() == layout &&
         (!input.is_plain() || input.is_contiguous());
}

TensorList run_kernel(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const DescList& descs, uint32_t donated) {
  const Pinned pinned(inputs);
  const OpCall call{op, inputs, attrs};
  // Who gives an input up left its object without a value, which no other thread may see.
  const ReleaseHostLock released(donated == 0 && is_long_running(op, inputs, attrs, descs));
  LayoutChoice choice;
  TensorList conformed;
  if (op.layouts) {
    op.layouts(call, choice);
    for (size_t i = 0; i < inputs.size(); ++i) conformed.push_back(conform(inputs[i], choice.inputs[i]));
  } else {
    for (const Tensor& input : inputs) conformed.push_back(conform(input, {}));
  }
  TensorList outputs;
  for (size_t i = 0; i < descs.size(); ++i) {
    const Layout layout = choice.outputs.empty() ? Layout{} : choice.outputs[i];
    const auto in_place = static_cast<size_t>(op.in_place);
    // A donated input is seen by the caller's reference and by `conformed`'s: only its storage and the former count.
    if (i == 0 && op.in_place >= 0 && (donated >> in_place & 1) && conformed[in_place] == inputs[in_place]) {
      conformed[in_place] = Tensor();
      if (fits_in_place(inputs[in_place], descs[0], layout)) {
        inputs[in_place].mark(0, 0);  // from here on another value
        inputs[in_place].storage()->cut_off();
        outputs.push_back(inputs[in_place]);
        conformed[in_place] = inputs[in_place];
        continue;
      }
      conformed[in_place] = inputs[in_place];
    }
    outputs.push_back(Tensor::empty(descs[i].shape, descs[i].dtype, layout));
  }
  const OpCall on_conformed{op, conformed, attrs};
  Workspace workspace = Workspace::allocate(scratch_bytes(on_conformed, descs[0].shape, default_exec()));
  op.kernel(KernelCall{on_conformed, default_exec(), outputs, workspace});
  return outputs;
}

// A view of input 0 as it lies, or else of a contiguous copy.
TensorList run_view(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const TensorDesc& desc) {
  if (Tensor view = op.view(OpCall{op, inputs, attrs}, desc)) return {std::move(view)};
  TensorList copies;
  for (const Tensor& input : inputs) copies.push_back(conform(input, {}));
  return {op.view(OpCall{op, copies, attrs}, desc)};
}

TensorList run(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const DescList& descs, uint32_t donated) {
  return op.view ? run_view(op, inputs, attrs, descs[0]) : run_kernel(op, inputs, attrs, descs, donated);
}

[[gnu::noinline, gnu::cold]] TensorList run_profiled(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const DescList& descs, uint32_t donated) {
  const profile::Span span([&] { return profile::op_event(op, attrs, sizes_of(inputs), sizes_of(descs)); });
  return run(op, inputs, attrs, descs, donated);
}

}  // namespace

int64_t scratch_bytes(const OpCall& call, const Dims& out, const Exec& exec) {
  return call.op.scratch && out.numel() > 0 ? call.op.scratch(call, exec) : 0;
}

DescList infer(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  check_arity(op, inputs.size());
  DescList descs;
  op.infer(OpCall{op, inputs, attrs}, descs);
  if (descs.size() != static_cast<size_t>(op.outputs))
    fail(ErrorKind::kRuntime, "op ", op.name, " declares ", op.outputs, " outputs and infers ", descs.size());
  return descs;
}

TensorList execute(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, uint32_t donated) {
  const DescList descs = infer(op, inputs, attrs);
  if (profile::recording()) [[unlikely]] return run_profiled(op, inputs, attrs, descs, donated);
  return run(op, inputs, attrs, descs, donated);
}

}  // namespace keima
