// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Ops that fold dimensions away: sums, extrema and their positions.
#include "kernels/reduction/reduction.h"

#include <limits>

#include "ops/counted_scratch.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

// --- axes ------------------------------------------------------------------------------------------------------

// The attribute `axis`: None stands for all.
Dims reduced_axes(std::string_view op, const Attrs& attrs, int ndim) {
  Dims axes;
  if (attrs.is_none(0)) {
    for (int i = 0; i < ndim; ++i) axes.push_back(i);
    return axes;
  }
  for (int64_t axis : attrs.ints(0)) {
    const int normal = normalize_axis(op, axis, ndim);
    if (axes.contains(normal)) fail(ErrorKind::kIndex, op, ": axis ", normal, " is named twice in ", attrs.ints(0));
    axes.push_back(normal);
  }
  std::sort(&axes[0], &axes[0] + axes.size());
  return axes;
}

Dims reduced_shape(const Dims& shape, const Dims& axes, bool keepdims) {
  Dims result;
  for (int i = 0; i < shape.size(); ++i) {
    if (!axes.contains(i)) result.push_back(shape[i]);
    else if (keepdims) result.push_back(1);
  }
  return result;
}

// A reduction over `axes` as one over the middle of (outer, count, inner); axes that do not lie together are brought
// together by a transposed copy.
struct Folded {
  Tensor x;
  int64_t outer, count, inner;
};

Folded fold(const Exec& exec, const Tensor& x, const Dims& axes, Workspace& workspace) {
  const Dims& shape = x.shape();
  const bool together = axes.empty() || axes.back() - axes[0] == axes.size() - 1;
  if (together) {
    Folded folded{to_contiguous(exec, x, workspace), 1, 1, 1};
    for (int i = 0; i < shape.size(); ++i) {
      int64_t& part = axes.contains(i) ? folded.count : !axes.empty() && i > axes.back() ? folded.inner : folded.outer;
      part *= shape[i];
    }
    return folded;
  }
  Dims order_shape, order_strides;
  for (const bool wanted : {false, true})
    for (int i = 0; i < shape.size(); ++i)
      if (axes.contains(i) == wanted) {
        order_shape.push_back(shape[i]);
        order_strides.push_back(x.strides()[i]);
      }
  int64_t count = 1;
  for (int64_t axis : axes) count *= shape[static_cast<int>(axis)];
  return {to_contiguous(exec, x.view(order_shape, order_strides), workspace), count ? shape.numel() / count : reduced_shape(shape, axes, false).numel(), count, 1};
}

void layouts_strided(const OpCall&, LayoutChoice& choice) {
  choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

// The operand as the kernel reads it.
Folded prepare(const OpCall& call, const Exec& exec, Reduction kind, const Dims& axes, const DType& out, Workspace& workspace) {
  const bool as_it_is = out.is_bool() || kind == Reduction::kArgMax || kind == Reduction::kArgMin;
  return fold(exec, as_it_is ? call.in(0) : to_dtype(exec, call.in(0), out, workspace), axes, workspace);
}

int64_t scratch_of(const OpCall& call, const Exec& exec, Reduction kind, const Dims& axes) {
  DescList out;
  call.op.infer(call, out);
  return counted_scratch([&](Workspace& workspace) { prepare(call, exec, kind, axes, out[0].dtype, workspace); });
}

void run_reduction(const KernelCall& call, Reduction kind, const Dims& axes) {
  if (call.out().numel() == 0) return;
  const Folded folded = prepare(call, call.exec, kind, axes, call.out().dtype(), call.workspace);
  reduce(call.exec, {.op = kind, .type = folded.x.dtype().scalar(), .outer = folded.outer, .n = folded.count, .inner = folded.inner,
                     .in = address_of<std::byte>(folded.x), .out = call.out().raw()});
}

// --- sum, mean, prod, max, min ---------------------------------------------------------------------------------

DType sum_dtype(const DType& dtype) { return dtype.is_bool() ? DType(ScalarType::kInt32) : dtype; }

template <bool as_float>
void infer_sum(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const Dims axes = reduced_axes(call.op.name, call.attrs, x.ndim());
  DType dtype = sum_dtype(x.dtype());
  if (as_float && dtype.scalar() != ScalarType::kFloat16 && dtype.scalar() != ScalarType::kBfloat16) dtype = ScalarType::kFloat32;
  out.push_back({reduced_shape(x.shape(), axes, call.attrs.flag(1)), dtype});
}

void infer_extremum(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const Dims axes = reduced_axes(call.op.name, call.attrs, x.ndim());
  for (int64_t axis : axes)
    if (x.shape()[static_cast<int>(axis)] == 0)
      fail(ErrorKind::kShape, call.op.name, ": no elements to choose from along axis ", axis, " of shape ", x.shape());
  out.push_back({reduced_shape(x.shape(), axes, call.attrs.flag(1)), x.dtype()});
}

template <Reduction kind>
int64_t scratch_reduce(const OpCall& call, const Exec& exec) {
  return scratch_of(call, exec, kind, reduced_axes(call.op.name, call.attrs, call.in(0).ndim()));
}

template <Reduction kind>
void kernel_reduce(const KernelCall& call) {
  run_reduction(call, kind, reduced_axes(call.op.name, call.attrs, call.in(0).ndim()));
}

// What `gradient` (of the output) becomes with the reduced dimensions back, as size 1.
Expr with_reduced_dims(GradCall& g, const Expr& gradient) {
  const Dims& shape = g.in_shape(0);
  return call<"reshape">(gradient, Attrs{reduced_shape(shape, reduced_axes(g.op.name, g.attrs, shape.size()), true)});
}

int64_t reduced_count(GradCall& g) {
  int64_t count = 1;
  for (int64_t axis : reduced_axes(g.op.name, g.attrs, g.in_shape(0).size())) count *= g.in_shape(0)[static_cast<int>(axis)];
  return count;
}

void grad_sum(GradCall& g) { g.set(0, call<"broadcast_to">(with_reduced_dims(g, g.grad()), Attrs{g.in_shape(0)})); }

void grad_mean(GradCall& g) {
  const double count = static_cast<double>(std::max<int64_t>(reduced_count(g), 1));
  const Expr scaled = with_reduced_dims(g, g.grad()) * (1.0 / count);
  g.set(0, call<"broadcast_to">(scaled, Attrs{g.in_shape(0)}));
}

// Equal extrema share the gradient, so that it stays a subgradient of norm one.
void grad_extremum(GradCall& g) {
  const Expr x = g.in(0);
  const Expr hit = call<"cast">(call<"equal">(x, with_reduced_dims(g, g.out().detached())), Attrs{x.dtype()});
  const Dims axes = reduced_axes(g.op.name, g.attrs, g.in_shape(0).size());
  const Expr ties = call<"sum">(hit, Attrs{axes, true});
  g.set(0, hit * (with_reduced_dims(g, g.grad()) / ties));
}

// The product of the others: exact where no element is 0, and through the count of zeros where some are.
void grad_prod(GradCall& g) {
  const Expr x = g.in(0), zero = x.constant(0.0), one = x.constant(1.0);
  const Dims axes = reduced_axes(g.op.name, g.attrs, g.in_shape(0).size());
  const Expr is_zero = call<"equal">(x, zero);
  const Expr zeros = call<"sum">(call<"cast">(is_zero, Attrs{x.dtype()}), Attrs{axes, true});
  const Expr filled_x = call<"where">(is_zero, one, x);
  const Expr rest = call<"prod">(filled_x, Attrs{axes, true});
  const Expr without_zeros = call<"where">(call<"equal">(zeros, zero), rest / filled_x, zero);
  const Expr others = call<"where">(call<"logical_and">(is_zero, call<"equal">(zeros, one)), rest, without_zeros);
  g.set(0, with_reduced_dims(g, g.grad()) * others);
}

// --- positions -------------------------------------------------------------------------------------------------

void infer_position(const OpCall& call, DescList& out) {
  infer_extremum(call, out);
  const Dims& shape = call.in(0).shape();
  int64_t count = 1;
  for (int64_t axis : reduced_axes(call.op.name, call.attrs, shape.size())) count *= shape[static_cast<int>(axis)];
  if (count > std::numeric_limits<int32_t>::max())
    fail(ErrorKind::kShape, call.op.name, ": positions are int32: at most 2^31 - 1 elements can be compared, got ", count, " of shape ", shape);
  out[0].dtype = ScalarType::kInt32;
}

// --- sum_to ----------------------------------------------------------------------------------------------------

// Axes that broadcasting added or stretched, from `small` to `shape`.
Dims stretched_axes(const Dims& shape, const Dims& small) {
  Dims axes;
  const int added = shape.size() - small.size();
  for (int i = 0; i < shape.size(); ++i)
    if (i < added || (small[i - added] == 1 && shape[i] != 1)) axes.push_back(i);
  return axes;
}

void infer_sum_to(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const Dims& shape = call.attrs.ints(0);
  if (shape.size() > x.ndim() || !(broadcast_shapes("sum_to", shape, x.shape()) == x.shape()))
    fail(ErrorKind::kShape, "sum_to: shape ", shape, " does not broadcast to ", x.shape());
  out.push_back({shape, x.dtype()});
}

int64_t scratch_sum_to(const OpCall& call, const Exec& exec) {
  return scratch_of(call, exec, Reduction::kSum, stretched_axes(call.in(0).shape(), call.attrs.ints(0)));
}

void kernel_sum_to(const KernelCall& call) { run_reduction(call, Reduction::kSum, stretched_axes(call.in(0).shape(), call.attrs.ints(0))); }

void grad_sum_to(GradCall& g) { g.set(0, call<"broadcast_to">(g.grad(), Attrs{g.in_shape(0)})); }

template <Reduction kind>
Op reduction(const char* name, void (*infer)(const OpCall&, DescList&), void (*gradient)(GradCall&), Saved saved, const char* onnx) {
  return {.name = name, .inputs = {"inp"}, .attrs = {{"axis", AttrType::kInts, std::monostate{}}, {"keepdims", AttrType::kBool, false}},
          .infer = infer, .layouts = layouts_strided, .kernel = kernel_reduce<kind>, .scratch = scratch_reduce<kind>, .gradient = gradient,
          .saved = saved, .onnx = onnx};
}

}  // namespace

void declare_reduction(Registry& registry) {
  using R = Reduction;
  registry.add(reduction<R::kSum>("sum", infer_sum<false>, grad_sum, {}, "ReduceSum"));
  registry.add(reduction<R::kMean>("mean", infer_sum<true>, grad_mean, {}, "ReduceMean"));
  registry.add(reduction<R::kProd>("prod", infer_sum<false>, grad_prod, {1, 0}, "ReduceProd"));
  registry.add(reduction<R::kMax>("max", infer_extremum, grad_extremum, {1, 1}, "ReduceMax"));
  registry.add(reduction<R::kMin>("min", infer_extremum, grad_extremum, {1, 1}, "ReduceMin"));
  registry.add(reduction<R::kArgMax>("argmax", infer_position, nullptr, {}, "ArgMax"));
  registry.add(reduction<R::kArgMin>("argmin", infer_position, nullptr, {}, "ArgMin"));
  registry.add({.name = "sum_to", .inputs = {"inp"}, .attrs = {{"shape", AttrType::kInts, std::nullopt}}, .infer = infer_sum_to,
                .layouts = layouts_strided, .kernel = kernel_sum_to, .scratch = scratch_sum_to, .gradient = grad_sum_to, .onnx_note = "the gradient of broadcasting"});
}

}  // namespace keima
