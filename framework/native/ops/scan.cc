// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Running sums.
#include "kernels/scan/scan.h"

#include "ops/families.h"
#include "ops/gradient.h"

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
  const Dims& shape = call.in(0).shape();
  const int axis = normalize_axis("cumsum", call.attrs.integer(kAxis), shape.size());
  CumsumArgs args{call.in(0).dtype().scalar(), 1, shape[axis], 1, call.attrs.flag(kReverse), call.in(0).raw(), call.out().raw()};
  for (int i = 0; i < shape.size(); ++i)
    if (i != axis) (i < axis ? args.outer : args.inner) *= shape[i];
  cumsum(call.exec, args);
}

// Element i is in the sums from i on.
void grad_cumsum(GradCall& g) { g.set(0, call<"cumsum">(g.grad(), Attrs{g.attrs.integer(kAxis), !g.attrs.flag(kReverse)})); }

}  // namespace

void declare_scan(Registry& registry) {
  registry.add({.name = "cumsum", .inputs = {"inp"}, .attrs = {{"axis", AttrType::kInt, std::nullopt}, {"reverse", AttrType::kBool, false}},
                .infer = infer_cumsum, .kernel = kernel_cumsum, .gradient = grad_cumsum, .in_place = 0, .onnx = "CumSum"});
}

}  // namespace keima
