// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Running sums.
#include "kernels/scan/scan.h"

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

constexpr size_t kAxis = 0, kReverse = 1;

void infer_cumsum(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const ScalarType type = x.dtype().scalar();
  if (type != ScalarType::kFloat32 && type != ScalarType::kInt32)
    fail(ErrorKind::kDtype, "cumsum: expected a float32 or int32 tensor, got ", x.dtype(), "; convert with astype");
  normalize_axis("cumsum", call.attrs.integer(kAxis), x.ndim());
  out.push_back({x.shape(), x.dtype()});
}

void kernel_cumsum(const KernelCall& call) {
  const Tensor& x = call.in(0);
  const AxisSplit split = split_at(x.shape(), normalize_axis("cumsum", call.attrs.integer(kAxis), x.ndim()));
  cumsum(call.exec, {x.dtype().scalar(), split.outer, split.n, split.inner, call.attrs.flag(kReverse), x.raw(), call.out().raw()});
}

// Element i is in the sums from i on.
void grad_cumsum(GradCall& g) { g.set(0, call<"cumsum">(g.grad(), Attrs{g.attrs.integer(kAxis), !g.attrs.flag(kReverse)})); }

}  // namespace

void declare_scan(Registry& registry) {
  registry.add({.name = "cumsum", .inputs = {"inp"}, .attrs = {{"axis", AttrType::kInt, std::nullopt}, {"reverse", AttrType::kBool, false}},
                .infer = infer_cumsum, .kernel = kernel_cumsum, .gradient = grad_cumsum, .in_place = 0, .onnx = "CumSum"});
}

}  // namespace keima
