// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Order along the last axis.
#include "kernels/sorting/sorting.h"

#include <limits>

#include "ops/families.h"
#include "ops/gradient.h"

namespace keima {
namespace {

constexpr size_t kDescending = 0, kCount = 1;

void infer_sort(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const ScalarType type = x.dtype().scalar();
  if (type != ScalarType::kFloat32 && type != ScalarType::kInt32)
    fail(ErrorKind::kDtype, "sort: expected a float32 or int32 tensor, got ", x.dtype(), "; convert with astype");
  if (x.ndim() == 0) fail(ErrorKind::kShape, "sort: expected at least one dimension, got a 0-d tensor");
  const int64_t n = x.shape()[x.ndim() - 1], count = call.attrs.integer(kCount);
  if (n > std::numeric_limits<int32_t>::max()) fail(ErrorKind::kShape, "sort: positions are int32; the last axis has ", n, " elements");
  if (count < -1) fail(ErrorKind::kValue, "sort: expected a count of 0 or more, or -1 for all, got ", count);
  Dims shape = x.shape();
  if (count >= 0 && count < n) shape[x.ndim() - 1] = count;
  out.push_back({shape, x.dtype()});
  out.push_back({shape, ScalarType::kInt32});
}

// Sizes alone.
SortArgs sort_args(const OpCall& call) {
  const Tensor& x = call.in(0);
  const int64_t n = x.shape()[x.ndim() - 1], count = call.attrs.integer(kCount);
  SortArgs args{};
  args.type = x.dtype().scalar();
  args.rows = x.numel() / n;
  args.n = n;
  args.keep = count >= 0 && count < n ? count : n;
  args.descending = call.attrs.flag(kDescending);
  return args;
}

int64_t scratch_sort(const OpCall& call, const Exec& exec) { return Workspace::total({sort_scratch_bytes(exec, sort_args(call))}); }

void kernel_sort(const KernelCall& call) {
  if (call.out(0).numel() == 0) return;
  SortArgs args = sort_args(call);
  args.in = call.in(0).raw();
  args.values = call.out(0).raw();
  args.positions = call.out(1).data<int32_t>();
  sort_rows(call.exec, args, call.workspace.take(sort_scratch_bytes(call.exec, args)));
}

void grad_sort(GradCall& g) {
  if (g.has_grad(0)) g.set(0, call<"scatter_add">(zeros_of_input(g, 0), g.out(1), g.grad(0), Attrs{int64_t{-1}}));
}

}  // namespace

void declare_sorting(Registry& registry) {
  registry.add({.name = "sort", .inputs = {"inp"}, .attrs = {{"descending", AttrType::kBool, false}, {"count", AttrType::kInt, int64_t{-1}}},
                .outputs = 2, .infer = infer_sort, .kernel = kernel_sort, .scratch = scratch_sort, .gradient = grad_sort, .saved = {0, 2}, .onnx = "TopK"});
}

}  // namespace keima
