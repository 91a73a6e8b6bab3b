// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/layout.h"

#include "base/execution.h"
#include "kernels/copy/copy.h"

namespace keima {
namespace {

ChannelBlockArgs channel_blocks(const Tensor& from, const Tensor& to, int64_t block) {
  const Dims& shape = from.shape();
  int64_t pixels = 1;
  for (int i = 2; i < shape.size(); ++i) pixels *= shape[i];
  return {from.dtype().scalar(), shape[0], shape[1], pixels, block, from.raw(), to.raw()};
}

}  // namespace

AxisSplit split_at(const Dims& shape, int axis) {
  AxisSplit split{.n = shape[axis]};
  for (int i = 0; i < axis; ++i) split.outer *= shape[i];
  for (int i = axis + 1; i < shape.size(); ++i) split.inner *= shape[i];
  return split;
}

void strided_copy(const Exec& exec, const Tensor& from, const Tensor& to) {
  copy_strided(exec, {to.ndim(), to.shape().data(), from.dtype().scalar(), from.raw(), from.strides().data(), to.dtype().scalar(), to.raw(),
                      to.strides().data()});
}

void start_from_input(const KernelCall& call) {
  if (call.in(0).raw() != call.out().raw()) strided_copy(call.exec, call.in(0), call.out());
}

void fill(const Exec& exec, const Tensor& to, double value) { fill(exec, to.dtype().scalar(), to.raw(), to.numel(), value); }

Tensor to_plain(const Tensor& tensor) { return tensor.is_plain() ? tensor : to_layout(tensor, Layout::strided()); }

Tensor to_contiguous(const Tensor& tensor) {
  if (tensor.is_contiguous()) return tensor;
  if (!tensor.is_plain()) return to_layout(tensor, Layout::strided());
  Tensor copy = Tensor::empty(tensor.shape(), tensor.dtype());
  strided_copy(default_exec(), tensor, copy);
  return copy;
}

Tensor to_layout(const Tensor& tensor, Layout layout) {
  if (tensor.layout() == layout) return tensor;
  if (layout.kind == LayoutKind::kPacked || tensor.layout().kind == LayoutKind::kPacked)
    fail(ErrorKind::kRuntime, "a packed tensor is private to its kernel and cannot be converted");
  if (!tensor.is_plain()) {
    Tensor plain = Tensor::empty(tensor.shape(), tensor.dtype());
    if (plain.numel()) unpack_channel_blocks(default_exec(), channel_blocks(tensor, plain, tensor.layout().block));
    return to_layout(plain, layout);
  }
  if (tensor.ndim() < 2) fail(ErrorKind::kRuntime, "channel blocks need at least 2 dimensions, got shape ", tensor.shape());
  Tensor blocked = Tensor::empty(tensor.shape(), tensor.dtype(), layout);
  if (tensor.numel()) pack_channel_blocks(default_exec(), channel_blocks(to_contiguous(tensor), blocked, layout.block));
  return blocked;
}

Tensor to_dtype(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  const Tensor plain = to_plain(tensor);
  Tensor converted = Tensor::empty(tensor.shape(), std::move(dtype));
  strided_copy(default_exec(), plain, converted);
  return converted;
}

namespace {

Tensor copied(const Exec& exec, const Tensor& from, const DType& dtype, Workspace& workspace) {
  Tensor copy = workspace.tensor(from.shape(), dtype);
  if (!copy.is_abstract()) strided_copy(exec, from, copy);
  return copy;
}

}  // namespace

Tensor to_contiguous(const Exec& exec, const Tensor& tensor, Workspace& workspace) {
  return tensor.is_contiguous() ? tensor : copied(exec, tensor, tensor.dtype(), workspace);
}

Tensor to_dtype(const Exec& exec, const Tensor& tensor, const DType& dtype, Workspace& workspace) {
  return tensor.dtype() == dtype ? tensor : copied(exec, tensor, dtype, workspace);
}

Tensor filled(const Dims& shape, double value, DType dtype) {
  Tensor tensor = Tensor::empty(shape, std::move(dtype));
  fill(default_exec(), tensor, value);
  return tensor;
}

Tensor scalar_tensor(double value, DType dtype) { return filled({}, value, std::move(dtype)); }

}  // namespace keima
