// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Reading and writing by position. The functional API and Tensor's [] compose their forms from these.
#include "kernels/indexing/indexing.h"

#include <limits>

#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

// `lowest` is the least index that is good: -size, or 0 where negative ones do not count from the end.
[[noreturn]] void fail_bad_index(const Op& op, const BadIndex& bad, int64_t size, int64_t lowest) {
  const std::string_view asked = op.name == "ravel_index" ? "index" : std::string_view(op.name);  // what the user wrote: x[i]
  fail(ErrorKind::kIndex, asked, ": index ", bad.value, " (number ", bad.position, " of index ", bad.array, ") is out of range for size ", size,
       "; expected ", lowest, " to ", size - 1);
}

void require_positions(const OpCall& call, size_t i) {
  if (call.in(i).dtype().scalar() != ScalarType::kInt32)
    fail(ErrorKind::kDtype, call.op.name, ": expected int32 ", call.op.inputs[i], ", got ", call.in(i).dtype(), "; convert with astype('int32')");
}

// Of an array that is indexed, along the axis that is.
void require_countable(const Op& op, int64_t size) {
  if (size > std::numeric_limits<int32_t>::max())
    fail(ErrorKind::kShape, op.name, ": positions are int32: at most 2^31 - 1 elements (or rows) can be indexed, got ", size, "; cut the tensor into parts");
}

// The index with negative positions counted from the end: kernels trust what they are given.
Tensor wrapped_positions(const OpCall& call, const Tensor& index, int64_t size, bool from_end = true) {
  const int64_t lowest = from_end ? -size : 0;
  const auto* values = index.data<const int32_t>();
  bool has_negative = false;
  for (int64_t i = 0; i < index.numel(); ++i) {
    if (values[i] < lowest || values[i] >= size) fail_bad_index(call.op, {0, i, values[i]}, size, lowest);
    has_negative |= values[i] < 0;
  }
  if (!has_negative) return index;
  const Tensor wrapped = filled(index.shape(), 0.0, index.dtype());
  auto* out = wrapped.data<int32_t>();
  for (int64_t i = 0; i < index.numel(); ++i) out[i] = values[i] < 0 ? values[i] + static_cast<int32_t>(size) : values[i];
  return wrapped;
}

// --- ravel_index, nonzero --------------------------------------------------------------------------------------

void infer_ravel_index(const OpCall& call, DescList& out) {
  if (call.inputs.empty() || static_cast<int>(call.inputs.size()) != call.attrs.ints(0).size())
    fail(ErrorKind::kValue, "ravel_index: expected an index for each of the sizes ", call.attrs.ints(0), ", got ", call.inputs.size());
  require_countable(call.op, checked_numel(call.attrs.ints(0)));
  Dims shape;
  for (const Tensor& index : call.inputs) {
    if (!index.dtype().is_integer()) fail(ErrorKind::kIndex, "index: expected integers or bools, got a tensor of ", index.dtype());
    shape = broadcast_shapes("index", shape, index.shape());
  }
  out.push_back({shape, ScalarType::kInt32});
}

void layouts_strided(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

void kernel_ravel_index(const KernelCall& call) {
  const Dims &shape = call.out().shape(), &sizes = call.attrs.ints(0);
  std::vector<Dims> strides;
  std::vector<IndexArray> arrays;
  strides.reserve(call.inputs.size());
  for (const Tensor& index : call.inputs) {
    const int added = shape.size() - index.ndim();
    Dims spread = Dims::filled(shape.size(), 0);
    for (int i = 0; i < index.ndim(); ++i) spread[i + added] = index.shape()[i] == 1 ? 0 : index.strides()[i];
    strides.push_back(spread);
    arrays.push_back({index.dtype().scalar(), index.raw(), strides.back().data()});
  }
  const BadIndex bad = ravel_index(call.exec, {shape.size(), shape.data(), static_cast<int>(arrays.size()), arrays.data(), sizes.data(), call.out().data<int32_t>()});
  if (bad.array >= 0) fail_bad_index(call.op, bad, sizes[bad.array], -sizes[bad.array]);
}

// The mask as the counting kernels want it, and their scratch.
struct Counted {
  Tensor mask;
  std::vector<int64_t> scratch;
  int64_t count;
};

Counted count_mask(const OpCall& call, const Exec& exec) {
  const Tensor& given = call.in(0);
  if (!given.dtype().is_bool()) fail(ErrorKind::kDtype, call.op.name, ": expected a bool mask, got ", given.dtype());
  if (given.is_abstract()) fail(ErrorKind::kUnsupported, call.op.name, ": its output's shape depends on the mask's values, which are not known here");
  Counted counted{to_contiguous(given), {}, 0};
  const int64_t size = counted.mask.numel();
  counted.scratch.resize(mask_scratch_bytes(size) / sizeof(int64_t) + 1);
  counted.count = count_nonzero(exec, counted.mask.raw(), size, counted.scratch.data());
  return counted;
}

void infer_nonzero(const OpCall& call, DescList& out) {
  for (const int64_t size : call.in(0).shape()) require_countable(call.op, size);
  out.push_back({{call.in(0).ndim(), count_mask(call, {}).count}, ScalarType::kInt32});
}

void kernel_nonzero(const KernelCall& call) {
  const Counted counted = count_mask(call, call.exec);
  const Dims& shape = counted.mask.shape();
  nonzero(call.exec, {counted.mask.raw(), shape.size(), shape.data(), counted.count, call.out().data<int32_t>()}, counted.scratch.data());
}

// --- rows ------------------------------------------------------------------------------------------------------

void check_rows(const OpCall& call) {
  require_positions(call, 1);
  if (call.in(0).ndim() != 2 || call.in(1).ndim() != 1)
    fail(ErrorKind::kShape, call.op.name, ": expected an (n, row) tensor and a (count,) index, got shapes ", call.in(0).shape(), " and ", call.in(1).shape());
  require_countable(call.op, call.in(0).shape()[0]);
}

void infer_take_rows(const OpCall& call, DescList& out) {
  check_rows(call);
  out.push_back({{call.in(1).numel(), call.in(0).shape()[1]}, call.in(0).dtype()});
}

void infer_into_rows(const OpCall& call, DescList& out) {
  check_rows(call);
  const Dims expected{call.in(1).numel(), call.in(0).shape()[1]};
  if (!(call.in(2).shape() == expected)) fail(ErrorKind::kShape, call.op.name, ": expected values of shape ", expected, ", got ", call.in(2).shape());
  if (!(call.in(2).dtype() == call.in(0).dtype()))
    fail(ErrorKind::kDtype, call.op.name, ": expected values of dtype ", call.in(0).dtype(), ", got ", call.in(2).dtype());
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
}

// Input 0 is the indexed array; `index` must outlive the result.
RowsArgs rows_args(const KernelCall& call, const Tensor& index, const Tensor& in) {
  const Dims& array = call.in(0).shape();
  return {in.dtype().scalar(), index.numel(), array[1], index.data<int32_t>(), in.raw(), call.out().raw(), array[0]};
}

Tensor rows_index(const KernelCall& call) { return wrapped_positions(call, call.in(1), call.in(0).shape()[0]); }

void kernel_take_rows(const KernelCall& call) {
  const Tensor index = rows_index(call);
  take_rows(call.exec, rows_args(call, index, call.in(0)));
}

void kernel_put_rows(const KernelCall& call) {
  const Tensor index = rows_index(call);
  start_from_input(call);
  put_rows(call.exec, rows_args(call, index, call.in(2)));
}

void kernel_add_rows(const KernelCall& call) {
  const Tensor index = rows_index(call);
  start_from_input(call);
  add_rows(call.exec, rows_args(call, index, call.in(2)), call.out().dtype().scalar());
}

// The types that the kernels add in; positions may repeat, so narrow integers would need a wider sum.
void require_addable(const OpCall& call) {
  const DType& dtype = call.in(0).dtype();
  if (!dtype.is_float() && dtype.scalar() != ScalarType::kInt32)
    fail(ErrorKind::kDtype, call.op.name, ": expected a float or int32 tensor, got ", dtype, "; convert with astype('int32') first");
}
void infer_add_into_rows(const OpCall& call, DescList& out) {
  infer_into_rows(call, out);
  require_addable(call);
}

void grad_take_rows(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"add_rows">(zeros_of_input(g, 0), g.in(1), g.grad()));
}
// Of several values for one row the last stayed; the others' gradient is not told apart from its, as in NumPy-like APIs.
void grad_put_rows(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"put_rows">(g.grad(), g.in(1), zeros_of_input(g, 2)));
  if (g.needs(2)) g.set(2, call<"take_rows">(g.grad(), g.in(1)));
}
void grad_add_rows(GradCall& g) {
  if (g.needs(0)) g.set(0, g.grad());
  if (g.needs(2)) g.set(2, call<"take_rows">(g.grad(), g.in(1)));
}

// --- along one axis --------------------------------------------------------------------------------------------

void check_axis_operands(const OpCall& call, const Dims& array, const Dims& index, int axis) {
  require_positions(call, 1);
  Dims expected = array;
  require_countable(call.op, array[axis]);
  if (index.size() == array.size()) expected[axis] = index[axis];
  if (!(expected == index))
    fail(ErrorKind::kShape, call.op.name, ": index of shape ", index, " may differ from ", array, " in axis ", axis, " only");
}

void infer_gather(const OpCall& call, DescList& out) {
  const int axis = normalize_axis(call.op.name, call.attrs.integer(0), call.in(0).ndim());
  check_axis_operands(call, call.in(0).shape(), call.in(1).shape(), axis);
  out.push_back({call.in(1).shape(), call.in(0).dtype()});
}

void infer_scatter(const OpCall& call, DescList& out) {
  const int axis = normalize_axis(call.op.name, call.attrs.integer(0), call.in(0).ndim());
  check_axis_operands(call, call.in(0).shape(), call.in(1).shape(), axis);
  if (!(call.in(2).shape() == call.in(1).shape()) || !(call.in(2).dtype() == call.in(0).dtype()))
    fail(ErrorKind::kShape, call.op.name, ": expected a ", call.in(0).dtype(), " source of the index's shape ", call.in(1).shape(), ", got ",
         call.in(2).dtype(), " of shape ", call.in(2).shape());
  out.push_back({call.in(0).shape(), call.in(0).dtype()});
}

void infer_scatter_add(const OpCall& call, DescList& out) {
  infer_scatter(call, out);
  require_addable(call);
}

int axis_of(const KernelCall& call) { return normalize_axis(call.op.name, call.attrs.integer(0), call.in(0).ndim()); }

Tensor axis_index(const KernelCall& call, bool from_end = true) {
  return wrapped_positions(call, call.in(1), call.in(0).shape()[axis_of(call)], from_end);
}

// Input 0 is the indexed array; `index` must outlive the result.
AxisArgs axis_args(const KernelCall& call, const Tensor& index, const Tensor& in) {
  const int axis = axis_of(call);
  const AxisSplit array = split_at(call.in(0).shape(), axis);
  return {in.dtype().scalar(), array.outer, array.n, array.inner, index.shape()[axis], index.data<int32_t>(), in.raw(), call.out().raw()};
}

void kernel_gather(const KernelCall& call) {
  const Tensor index = axis_index(call, call.attrs.flag(1));
  gather(call.exec, axis_args(call, index, call.in(0)));
}

void kernel_scatter(const KernelCall& call) {
  const Tensor index = axis_index(call);
  start_from_input(call);
  scatter(call.exec, axis_args(call, index, call.in(2)));
}

void kernel_scatter_add(const KernelCall& call) {
  const Tensor index = axis_index(call);
  start_from_input(call);
  scatter_add(call.exec, axis_args(call, index, call.in(2)), call.out().dtype().scalar());
}

Attrs axis_attr(const GradCall& g) { return Attrs{g.attrs.integer(0)}; }
Attrs gather_attrs(const GradCall& g) { return Attrs{g.attrs.integer(0), true}; }

void grad_gather(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"scatter_add">(zeros_of_input(g, 0), g.in(1), g.grad(), axis_attr(g)));
}
void grad_scatter(GradCall& g) {
  if (g.needs(0)) g.set(0, call<"scatter">(g.grad(), g.in(1), zeros_of_input(g, 2), axis_attr(g)));
  if (g.needs(2)) g.set(2, call<"gather">(g.grad(), g.in(1), gather_attrs(g)));
}
void grad_scatter_add(GradCall& g) {
  if (g.needs(0)) g.set(0, g.grad());
  if (g.needs(2)) g.set(2, call<"gather">(g.grad(), g.in(1), gather_attrs(g)));
}

// --- one_hot ---------------------------------------------------------------------------------------------------

void infer_one_hot(const OpCall& call, DescList& out) {
  require_positions(call, 0);
  const int64_t classes = call.attrs.integer(0);
  if (classes < 1) fail(ErrorKind::kValue, "one_hot: expected at least one class, got ", classes);
  Dims shape = call.in(0).shape();
  shape.push_back(classes);
  out.push_back({shape, call.attrs.dtype(1)});
}

void kernel_one_hot(const KernelCall& call) {
  const int64_t classes = call.attrs.integer(0);
  const BadIndex bad = one_hot(call.exec, {call.out().dtype().scalar(), call.in(0).numel(), classes, call.in(0).data<int32_t>(), call.out().raw()});
  if (bad.array >= 0) fail(ErrorKind::kIndex, "one_hot: label ", bad.value, " (number ", bad.position, ") is not one of ", classes, " classes");
}

}  // namespace

void declare_indexing(Registry& registry) {
  const char* note = "exported as part of an indexing pattern";
  registry.add({.name = "ravel_index", .inputs = {"indices"}, .variadic = true, .attrs = {{"sizes", AttrType::kInts, std::nullopt}},
                .infer = infer_ravel_index, .layouts = layouts_strided, .kernel = kernel_ravel_index, .onnx_note = note});
  registry.add({.name = "nonzero", .inputs = {"mask"}, .infer = infer_nonzero, .kernel = kernel_nonzero, .dynamic_shape = true, .onnx = "NonZero"});
  registry.add({.name = "take_rows", .inputs = {"inp", "index"}, .infer = infer_take_rows, .kernel = kernel_take_rows,
                .gradient = grad_take_rows, .saved = {2, 0}, .onnx = "Gather"});
  registry.add({.name = "put_rows", .inputs = {"inp", "index", "value"}, .infer = infer_into_rows, .kernel = kernel_put_rows,
                .gradient = grad_put_rows, .saved = {2, 0}, .in_place = 0, .onnx = "ScatterND"});
  registry.add({.name = "add_rows", .inputs = {"inp", "index", "value"}, .infer = infer_add_into_rows, .kernel = kernel_add_rows,
                .gradient = grad_add_rows, .saved = {2, 0}, .in_place = 0, .onnx = "ScatterND"});
  const std::vector<AttrDecl> axis{{"axis", AttrType::kInt, std::nullopt}};
  registry.add({.name = "gather", .inputs = {"inp", "index"}, .attrs = {axis[0], {"from_end", AttrType::kBool, true}}, .infer = infer_gather, .kernel = kernel_gather,
                .gradient = grad_gather, .saved = {2, 0}, .onnx = "GatherElements"});
  registry.add({.name = "scatter", .inputs = {"inp", "index", "source"}, .attrs = axis, .infer = infer_scatter, .kernel = kernel_scatter,
                .gradient = grad_scatter, .saved = {2, 0}, .in_place = 0, .onnx = "ScatterElements"});
  registry.add({.name = "scatter_add", .inputs = {"inp", "index", "source"}, .attrs = axis, .infer = infer_scatter_add, .kernel = kernel_scatter_add,
                .gradient = grad_scatter_add, .saved = {2, 0}, .in_place = 0, .onnx = "ScatterElements"});
  registry.add({.name = "one_hot", .inputs = {"inp"}, .attrs = {{"num_classes", AttrType::kInt, std::nullopt}, {"dtype", AttrType::kDtype, DType(ScalarType::kInt32)}},
                .infer = infer_one_hot, .kernel = kernel_one_hot, .onnx = "OneHot"});
}

}  // namespace keima
