// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Ops that move elements without computing on them: views, slices, concatenation, conversion.
#include "kernels/copy/copy.h"
#include "kernels/elementwise/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

constexpr const char* kNoOnnxYet = "written by the exporter as part of its pattern";

AttrDecl ints(const char* name) { return {name, AttrType::kInts, std::nullopt}; }

// --- reshape ---------------------------------------------------------------------------------------------------

void infer_reshape(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  Dims shape = call.attrs.ints(0);
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1) {
      if (unknown >= 0) fail(ErrorKind::kShape, "reshape: at most one size may be -1, got ", shape);
      unknown = i;
    } else if (shape[i] < 0) {
      fail(ErrorKind::kShape, "reshape: sizes must not be negative (but for one -1), got ", shape);
    } else if (__builtin_mul_overflow(known, shape[i], &known)) {
      fail(ErrorKind::kShape, "reshape: cannot give ", x.numel(), " elements of shape ", x.shape(), " the shape ", call.attrs.ints(0));
    }
  }
  const int64_t count = x.numel();
  if (unknown >= 0 && known > 0 && count % known == 0) shape[unknown] = count / known;
  if (shape.contains(-1) || checked_numel(shape) != count)
    fail(ErrorKind::kShape, "reshape: cannot give ", count, " elements of shape ", x.shape(), " the shape ", call.attrs.ints(0));
  out.push_back({shape, x.dtype()});
}

// Strides under which `shape` reads the elements of x in row-major order, if there are any.
bool reshaped_strides(const Tensor& x, const Dims& shape, Dims& strides) {
  Dims sizes, steps;  // x without its dimensions of size 1
  for (int i = 0; i < x.ndim(); ++i) {
    if (x.shape()[i] == 1) continue;
    sizes.push_back(x.shape()[i]);
    steps.push_back(x.strides()[i]);
  }
  strides = Dims::filled(shape.size(), 0);
  int from = sizes.size() - 1;
  int64_t available = from >= 0 ? sizes[from] : 1, step = from >= 0 ? steps[from] : 1;
  for (int to = shape.size() - 1; to >= 0; --to) {
    if (shape[to] == 1) continue;
    int64_t wanted = shape[to];
    while (from >= 0 && available == 1) {
      --from;
      if (from < 0) return false;
      available = sizes[from];
      step = steps[from];
    }
    strides[to] = step;
    // A new dimension may swallow several old ones if they lie contiguously.
    while (wanted > available) {
      if (wanted % available != 0 || from == 0 || steps[from - 1] != step * available) return false;
      wanted /= available;
      step *= available;
      available = sizes[--from];
    }
    if (available % wanted != 0) return false;
    available /= wanted;
    step *= wanted;
  }
  return true;
}

Tensor view_reshape(const OpCall& call, const TensorDesc& desc) {
  const Tensor& x = call.in(0);
  if (x.shape() == desc.shape) return x;  // keeps its blocks: layers reshape "to 4 dimensions" what has 4 already
  if (!x.is_plain()) return {};
  if (x.is_contiguous()) return x.view(desc.shape, contiguous_strides(desc.shape));
  Dims strides;
  return x.numel() > 0 && reshaped_strides(x, desc.shape, strides) ? x.view(desc.shape, strides) : Tensor();
}

void grad_reshape(GradCall& g) { g.set(0, call<"reshape">(g.grad(), Attrs{g.in_shape(0)})); }

// --- transpose -------------------------------------------------------------------------------------------------

void infer_transpose(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const Dims& pattern = call.attrs.ints(0);
  Dims shape, seen;
  for (int64_t axis : pattern) {
    if (axis == -1) {
      shape.push_back(1);
      continue;
    }
    if (axis < 0 || axis >= x.ndim() || seen.contains(axis))
      fail(ErrorKind::kShape, "transpose: pattern ", pattern, " does not name each of the ", x.ndim(), " dimensions of shape ", x.shape(), " once");
    seen.push_back(axis);
    shape.push_back(x.shape()[static_cast<int>(axis)]);
  }
  if (seen.size() != x.ndim())
    fail(ErrorKind::kShape, "transpose: pattern ", pattern, " names ", seen.size(), " of the ", x.ndim(), " dimensions of shape ", x.shape());
  out.push_back({shape, x.dtype()});
}

Tensor view_transpose(const OpCall& call, const TensorDesc& desc) {
  const Tensor& x = call.in(0);
  if (!x.is_plain()) return {};
  Dims strides;
  for (int64_t axis : call.attrs.ints(0)) strides.push_back(axis == -1 ? 0 : x.strides()[static_cast<int>(axis)]);
  return x.view(desc.shape, strides);
}

void grad_transpose(GradCall& g) {
  const Dims& pattern = g.attrs.ints(0);
  Dims kept_shape, order;  // the output without its new axes
  for (int64_t axis : pattern) {
    if (axis == -1) continue;
    kept_shape.push_back(g.in_shape(0)[static_cast<int>(axis)]);
    order.push_back(axis);
  }
  Dims inverse = order;
  for (int i = 0; i < order.size(); ++i) inverse[static_cast<int>(order[i])] = i;
  g.set(0, call<"transpose">(call<"reshape">(g.grad(), Attrs{kept_shape}), Attrs{inverse}));
}

// --- broadcast_to ----------------------------------------------------------------------------------------------

void infer_broadcast_to(const OpCall& call, DescList& out) {
  const Tensor& x = call.in(0);
  const Dims& shape = call.attrs.ints(0);
  checked_numel(shape);
  if (x.ndim() > shape.size() || !(broadcast_shapes("broadcast_to", x.shape(), shape) == shape))
    fail(ErrorKind::kShape, "broadcast_to: shape ", x.shape(), " does not broadcast to ", shape);
  out.push_back({shape, x.dtype()});
}

Tensor view_broadcast_to(const OpCall& call, const TensorDesc& desc) {
  const Tensor& x = call.in(0);
  if (!x.is_plain()) return {};
  const int added = desc.shape.size() - x.ndim();
  Dims strides = Dims::filled(desc.shape.size(), 0);
  for (int i = 0; i < x.ndim(); ++i) strides[i + added] = x.shape()[i] == 1 ? 0 : x.strides()[i];
  return x.view(desc.shape, strides);
}

void grad_broadcast_to(GradCall& g) { g.set(0, call<"sum_to">(g.grad(), Attrs{g.in_shape(0)})); }

// --- slice and slice_set ---------------------------------------------------------------------------------------

void check_box(const OpCall& call) {
  const Tensor& x = call.in(0);
  const Dims &starts = call.attrs.ints(0), &sizes = call.attrs.ints(1), &steps = call.attrs.ints(2);
  if (starts.size() != x.ndim() || sizes.size() != x.ndim() || steps.size() != x.ndim())
    fail(ErrorKind::kShape, call.op.name, ": expected starts, sizes and steps for ", x.ndim(), " dimensions, got ", starts, ", ", sizes, ", ", steps);
  for (int i = 0; i < x.ndim(); ++i) {
    if (sizes[i] < 0 || steps[i] == 0) fail(ErrorKind::kValue, call.op.name, ": sizes must not be negative and steps not 0, got ", sizes, " and ", steps);
    if (sizes[i] == 0) continue;
    int64_t travel = 0, last = 0;
    const bool overflow = __builtin_mul_overflow(sizes[i] - 1, steps[i], &travel) || __builtin_add_overflow(starts[i], travel, &last);
    if (overflow || std::min(starts[i], last) < 0 || std::max(starts[i], last) >= x.shape()[i])
      fail(ErrorKind::kIndex, call.op.name, ": start ", starts[i], ", size ", sizes[i], ", step ", steps[i], " leave dimension ", i, " of shape ", x.shape());
  }
}

Tensor box_of(const Tensor& x, const Attrs& attrs) {
  const Dims &starts = attrs.ints(0), &sizes = attrs.ints(1), &steps = attrs.ints(2);
  Dims strides;
  int64_t offset = 0;
  for (int i = 0; i < x.ndim(); ++i) {
    strides.push_back(sizes[i] > 1 ? x.strides()[i] * steps[i] : x.strides()[i]);  // a step that is not taken may be of any size
    if (sizes.numel() > 0) offset += starts[i] * x.strides()[i];
  }
  return x.view(sizes, strides, offset * x.dtype().itemsize());
}

void infer_slice(const OpCall& call, DescList& out) {
  check_box(call);
  out.push_back({call.attrs.ints(1), call.in(0).dtype()});
}

Tensor view_slice(const OpCall& call, const TensorDesc&) { return call.in(0).is_plain() ? box_of(call.in(0), call.attrs) : Tensor(); }

void grad_slice(GradCall& g) { g.set_in_box(0, g.grad(), g.attrs); }

void infer_into_box(const OpCall& call, DescList& out) {
  check_box(call);
  const Tensor &x = call.in(0), &value = call.in(1);
  if (!(value.shape() == call.attrs.ints(1)))
    fail(ErrorKind::kShape, call.op.name, ": expected a value of shape ", call.attrs.ints(1), ", got ", value.shape());
  if (!(value.dtype() == x.dtype())) fail(ErrorKind::kDtype, call.op.name, ": expected a value of dtype ", x.dtype(), ", got ", value.dtype());
  out.push_back({x.shape(), x.dtype()});
}

void layouts_into_box(const OpCall&, LayoutChoice& choice) {
  choice.inputs.push_back({{}, true});
  choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

void kernel_slice_set(const KernelCall& call) {
  start_from_input(call);
  strided_copy(call.exec, call.in(1), box_of(call.out(), call.attrs));
}

void grad_slice_set(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"slice_set">(g.grad(), zeros_of_input(g, 1), g.attrs));
  if (g.needs(1)) g.set(1, call<"slice">(g.grad(), g.attrs));
}

void infer_slice_add(const OpCall& call, DescList& out) {
  infer_into_box(call, out);
  if (!out[0].dtype.is_float()) fail(ErrorKind::kDtype, "slice_add: expected float tensors, got ", out[0].dtype, "; convert with astype('float32') first");
}

void kernel_slice_add(const KernelCall& call) {
  start_from_input(call);
  const Tensor box = box_of(call.out(), call.attrs);
  const Tensor& value = call.in(1);
  if (value.numel() == 0) return;
  static const ElementwiseOp add = elementwise_op_from_name("add");
  const ScalarType type = box.dtype().scalar();
  ElementwiseArgs args;
  args.op = add;
  args.ndim = box.ndim();
  args.shape = box.shape().data();
  args.out = box.raw();
  args.out_type = type;
  args.out_strides = box.strides().data();
  args.in[0] = {box.raw(), type, box.strides().data()};
  args.in[1] = {value.raw(), type, value.strides().data()};
  elementwise(call.exec, args);
}

void grad_slice_add(GradCall& g) {
  if (g.needs(0)) g.set(0, g.grad());
  if (g.needs(1)) g.set(1, call<"slice">(g.grad(), g.attrs));
}

// --- concat ----------------------------------------------------------------------------------------------------

void infer_concat(const OpCall& call, DescList& out) {
  if (call.inputs.empty()) fail(ErrorKind::kValue, "concat: expected at least one tensor");
  TensorDesc desc{call.in(0).shape(), call.in(0).dtype()};
  const int axis = normalize_axis("concat", call.attrs.integer(0), desc.shape.size());
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    Dims expected = call.in(i).shape();
    if (expected.size() == desc.shape.size()) expected[axis] = desc.shape[axis];
    if (!(expected == desc.shape))
      fail(ErrorKind::kShape, "concat: tensor ", i, " has shape ", call.in(i).shape(), ", which differs from ", call.in(0).shape(),
           " in more than axis ", axis);
    desc.shape[axis] += call.in(i).shape()[axis];
    desc.dtype = promote("concat", desc.dtype, call.in(i).dtype());
  }
  out.push_back(desc);
}

void layouts_concat(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

void kernel_concat(const KernelCall& call) {
  const Tensor& out = call.out();
  const int axis = normalize_axis("concat", call.attrs.integer(0), out.ndim());
  int64_t start = 0;
  for (const Tensor& input : call.inputs) {
    strided_copy(call.exec, input, out.view(input.shape(), out.strides(), start * out.strides()[axis] * out.dtype().itemsize()));
    start += input.shape()[axis];
  }
}

void grad_concat(GradCall& g) {
  const int axis = normalize_axis("concat", g.attrs.integer(0), g.in_shape(0).size());
  int64_t start = 0;
  for (size_t i = 0; i < g.arity(); ++i) {
    const Dims& shape = g.in_shape(i);
    Dims starts = Dims::filled(shape.size(), 0);
    starts[axis] = start;
    start += shape[axis];
    if (!g.needs(i)) continue;
    Expr piece = call<"slice">(g.grad(), Attrs{starts, shape, Dims::filled(shape.size(), 1)});
    if (!(piece.dtype() == g.in_dtype(i))) piece = call<"cast">(piece, Attrs{g.in_dtype(i)});
    g.set(i, piece);
  }
}

// --- cast, copy, full ------------------------------------------------------------------------------------------

void infer_cast(const OpCall& call, DescList& out) { out.push_back({call.in(0).shape(), call.attrs.dtype(0)}); }

void layouts_cast(const OpCall&, LayoutChoice& choice) {
  choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

void kernel_cast(const KernelCall& call) { strided_copy(call.exec, call.in(0), call.out()); }

void grad_cast(GradCall& g) { g.set(0, call<"cast">(g.grad(), Attrs{g.in_dtype(0)})); }

void infer_full(const OpCall& call, DescList& out) {
  checked_numel(call.attrs.ints(0));
  const DType& dtype = call.attrs.dtype(2);
  if (!dtype.holds(call.attrs.real(1))) fail(ErrorKind::kValue, "full: the value ", call.attrs.real(1), " does not fit ", dtype);
  out.push_back({call.attrs.ints(0), dtype});
}

void kernel_full(const KernelCall& call) { fill(call.exec, call.out(), call.attrs.real(1)); }

void infer_arange(const OpCall& call, DescList& out) {
  const int64_t count = call.attrs.integer(2);
  if (count < 0) fail(ErrorKind::kValue, "arange: count must not be negative, got ", count);
  out.push_back({{count}, ScalarType::kFloat32});
}

void kernel_arange(const KernelCall& call) {
  const double start = call.attrs.real(0), step = call.attrs.real(1);
  auto* out = call.out().data<float>();
  parallel_for(call.exec, call.out().numel(), 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = static_cast<float>(start + step * static_cast<double>(i));
  });
}

}  // namespace

void declare_shape(Registry& registry) {
  registry.add({.name = "reshape", .inputs = {"inp"}, .attrs = {ints("shape")}, .infer = infer_reshape, .view = view_reshape,
                .gradient = grad_reshape, .onnx = "Reshape"});
  registry.add({.name = "transpose", .inputs = {"inp"}, .attrs = {ints("pattern")}, .infer = infer_transpose, .view = view_transpose,
                .gradient = grad_transpose, .onnx = "Transpose"});
  registry.add({.name = "broadcast_to", .inputs = {"inp"}, .attrs = {ints("shape")}, .infer = infer_broadcast_to, .view = view_broadcast_to,
                .gradient = grad_broadcast_to, .onnx = "Expand"});
  registry.add({.name = "slice", .inputs = {"inp"}, .attrs = {ints("starts"), ints("sizes"), ints("steps")}, .infer = infer_slice,
                .view = view_slice, .gradient = grad_slice, .onnx = "Slice"});
  registry.add({.name = "slice_set", .inputs = {"inp", "value"}, .attrs = {ints("starts"), ints("sizes"), ints("steps")},
                .infer = infer_into_box, .layouts = layouts_into_box, .kernel = kernel_slice_set, .gradient = grad_slice_set,
                .in_place = 0, .onnx_note = kNoOnnxYet});
  registry.add({.name = "slice_add", .inputs = {"inp", "value"}, .attrs = {ints("starts"), ints("sizes"), ints("steps")},
                .infer = infer_slice_add, .layouts = layouts_into_box, .kernel = kernel_slice_add, .gradient = grad_slice_add,
                .in_place = 0, .onnx_note = kNoOnnxYet});
  registry.add({.name = "concat", .inputs = {"inps"}, .variadic = true, .attrs = {{"axis", AttrType::kInt, int64_t{0}}}, .infer = infer_concat,
                .layouts = layouts_concat, .kernel = kernel_concat, .gradient = grad_concat, .onnx = "Concat"});
  registry.add({.name = "cast", .inputs = {"inp"}, .attrs = {{"dtype", AttrType::kDtype, std::nullopt}}, .infer = infer_cast,
                .layouts = layouts_cast, .kernel = kernel_cast, .gradient = grad_cast, .onnx = "Cast"});
  registry.add({.name = "full", .attrs = {ints("shape"), {"value", AttrType::kFloat, std::nullopt}, {"dtype", AttrType::kDtype, DType()}},
                .infer = infer_full, .kernel = kernel_full, .onnx = "ConstantOfShape"});
  registry.add({.name = "arange", .attrs = {{"start", AttrType::kFloat, std::nullopt}, {"step", AttrType::kFloat, std::nullopt}, {"count", AttrType::kInt, std::nullopt}},
                .infer = infer_arange, .kernel = kernel_arange, .onnx = "Range"});
}

}  // namespace keima
