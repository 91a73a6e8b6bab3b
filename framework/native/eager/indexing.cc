// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/indexing.h"

#include <algorithm>
#include <numeric>

#include "eager/dispatch.h"
#include "ops/layout.h"
#include "ops/registry.h"

namespace keima {
namespace {

using Kind = IndexItem::Kind;

bool is_advanced(const IndexItem& item) { return item.kind == Kind::kTensor; }

// A mask over k dimensions stands for k integer index tensors.
std::vector<IndexItem> expand_masks(const Value& x, std::vector<IndexItem> items) {
  std::vector<IndexItem> expanded;
  int indexed = 0;
  for (const IndexItem& item : items)
    if (item.kind == Kind::kInteger || item.kind == Kind::kSlice) ++indexed;
    else if (item.kind == Kind::kTensor) indexed += item.tensor.tensor.dtype().is_bool() ? item.tensor.tensor.ndim() : 1;
  int dim = 0;
  for (IndexItem& item : items) {
    if (item.kind == Kind::kEllipsis) dim += std::max(0, x.tensor.ndim() - indexed);
    if (item.kind != Kind::kTensor || !item.tensor.tensor.dtype().is_bool()) {
      if (item.kind == Kind::kInteger || item.kind == Kind::kSlice || item.kind == Kind::kTensor) ++dim;
      expanded.push_back(std::move(item));
      continue;
    }
    const Dims& mask = item.tensor.tensor.shape();
    if (mask.empty()) fail(ErrorKind::kIndex, "index: a mask needs at least one dimension, got a single bool; use F.where to choose");
    for (int i = 0; i < mask.size(); ++i)
      if (dim + i >= x.tensor.ndim() || x.tensor.shape()[dim + i] != mask[i])
        fail(ErrorKind::kIndex, "index: a mask of shape ", mask, " does not fit dimension ", dim, " of a tensor of shape ", x.tensor.shape());
    std::vector<Value> inputs{item.tensor};
    const Value coordinates = std::move(apply(op_of<"nonzero">(), inputs, {})[0]);  // (ndim, count)
    const int64_t count = coordinates.tensor.shape()[1];
    for (int i = 0; i < mask.size(); ++i) {
      IndexItem axis;
      axis.kind = Kind::kTensor;
      const Tensor& all = coordinates.tensor;
      axis.tensor = {all.view({count}, {1}, i * count * all.dtype().itemsize()), nullptr, 0};
      expanded.push_back(std::move(axis));
    }
    dim += mask.size();
  }
  return expanded;
}

// Fills in the ellipsis and the trailing full slices: then one non-newaxis item stands for each dimension.
std::vector<IndexItem> complete(const Value& x, std::vector<IndexItem> items) {
  const auto used = std::count_if(items.begin(), items.end(), [](const IndexItem& i) { return i.kind != Kind::kNewAxis && i.kind != Kind::kEllipsis; });
  const auto ellipses = std::count_if(items.begin(), items.end(), [](const IndexItem& i) { return i.kind == Kind::kEllipsis; });
  const int ndim = x.tensor.ndim();
  if (used > ndim) fail(ErrorKind::kIndex, "index: ", used, " indices for a tensor of ", ndim, " dimensions, shape ", x.tensor.shape());
  if (ellipses > 1) fail(ErrorKind::kIndex, "index: an index has at most one ellipsis, got ", ellipses);
  const std::vector<IndexItem> fill(static_cast<size_t>(ndim - used));
  auto at = std::find_if(items.begin(), items.end(), [](const IndexItem& i) { return i.kind == Kind::kEllipsis; });
  if (at != items.end()) at = items.erase(at);
  items.insert(at, fill.begin(), fill.end());
  return items;
}

struct Range {
  int64_t start, size, step;
};

// Python's slice semantics on a dimension of `length`.
Range resolve(const IndexItem& item, int64_t length) {
  if (item.step == 0) fail(ErrorKind::kValue, "index: slice step cannot be zero");
  const int64_t low = item.step > 0 ? 0 : -1, high = item.step > 0 ? length : length - 1;
  auto clamp = [&](int64_t at) {
    if (at < 0 && at != INT64_MIN) at += length;
    return std::clamp(at, low, high);
  };
  const int64_t start = item.start == INT64_MIN ? low : clamp(item.start);
  const int64_t stop = item.stop == INT64_MIN ? low : clamp(item.stop);
  const int64_t span = item.step > 0 ? stop - start : start - stop;
  if (span <= 0) return {start, 0, 1};
  const uint64_t stride = item.step > 0 ? static_cast<uint64_t>(item.step) : uint64_t{0} - static_cast<uint64_t>(item.step);
  const auto size = static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / stride + 1);
  return {start, size, size > 1 ? item.step : 1};  // a step that is taken fits the dimension
}

// The index in two parts: a strided box of x, and what becomes of each dimension of that box.
struct Plan {
  Attrs box;            // of the ops slice and slice_set
  bool whole = true;    // the box is all of x
  Dims boxed;           // the box's shape: integers have size 1, advanced dimensions their full size
  Dims basic_shape;     // shape after integers are dropped and new axes added, when no index is a tensor
  bool advanced = false;
  // For advanced indexing, dimensions of the box with new axes inserted:
  Dims spread;          // its shape
  std::vector<int> indexed;            // dimensions that tensors (or integers beside them) index
  std::vector<Value> indices;          // what indexes each
};

Plan make_plan(const Value& x, const std::vector<IndexItem>& items) {
  Plan plan;
  plan.advanced = std::any_of(items.begin(), items.end(), is_advanced);
  Dims starts, sizes, steps;
  int dim = 0;
  for (const IndexItem& item : items) {
    if (item.kind == Kind::kNewAxis) {
      plan.basic_shape.push_back(1);
      if (plan.advanced) plan.spread.push_back(1);
      continue;
    }
    const int64_t length = x.tensor.shape()[dim];
    Range range{0, length, 1};
    if (item.kind == Kind::kSlice) range = resolve(item, length);
    if (item.kind == Kind::kInteger) {
      if (item.start < -length || item.start >= length)
        fail(ErrorKind::kIndex, "index ", item.start, " is out of range for dimension ", dim, " with size ", length);
      range = {item.start < 0 ? item.start + length : item.start, 1, 1};
    }
    starts.push_back(range.start);
    sizes.push_back(range.size);
    steps.push_back(range.step);
    plan.whole = plan.whole && range.start == 0 && range.size == length && range.step == 1;
    if (plan.advanced && (is_advanced(item) || item.kind == Kind::kInteger)) {
      plan.indexed.push_back(plan.spread.size());
      plan.indices.push_back(is_advanced(item) ? item.tensor : Value{scalar_tensor(0, ScalarType::kInt32), nullptr, 0});
    }
    if (item.kind != Kind::kInteger) plan.basic_shape.push_back(range.size);
    if (plan.advanced) plan.spread.push_back(range.size);
    ++dim;
  }
  plan.boxed = sizes;
  plan.box = Attrs{starts, sizes, steps};
  return plan;
}

Value reshape(const Value& x, const Dims& shape) {
  return x.tensor.shape() == shape ? x : apply1(op_of<"reshape">(), {x}, Attrs{shape});
}

Value transpose(const Value& x, const Dims& pattern) {
  for (int i = 0; i < pattern.size(); ++i)
    if (pattern[i] != i) return apply1(op_of<"transpose">(), {x}, Attrs{pattern});
  return x;
}

// How advanced indexing moves dimensions: indexed ones to the front, the result's index dimensions back to their place.
struct Gather {
  Dims to_front;      // permutation that brings indexed dimensions first
  Dims front_shape;   // shape after it
  int64_t rows = 1;   // product of the indexed sizes
  Dims rest;          // sizes of the others
  Value positions;    // row numbers, of the indices' broadcast shape
  Dims place;         // permutation that puts the index dimensions where NumPy wants them
};

Dims inverse(const Dims& permutation) {
  Dims result = permutation;
  for (int i = 0; i < permutation.size(); ++i) result[static_cast<int>(permutation[i])] = i;
  return result;
}

Gather make_gather(const Plan& plan) {
  Gather gather;
  Dims indexed_sizes;
  for (int dim : plan.indexed) {
    gather.to_front.push_back(dim);
    indexed_sizes.push_back(plan.spread[dim]);
    gather.rows *= plan.spread[dim];
  }
  for (int dim = 0; dim < plan.spread.size(); ++dim) {
    if (gather.to_front.contains(dim)) continue;
    gather.to_front.push_back(dim);
    gather.rest.push_back(plan.spread[dim]);
  }
  for (int64_t dim : gather.to_front) gather.front_shape.push_back(plan.spread[static_cast<int>(dim)]);
  std::vector<Value> indices = plan.indices;
  gather.positions = std::move(apply(op_of<"ravel_index">(), indices, Attrs{indexed_sizes})[0]);
  // Adjacent indices leave their dimensions in place; separated ones put them first (NumPy's rule).
  const auto count = static_cast<int>(plan.indexed.size());
  const bool adjacent = plan.indexed.back() - plan.indexed.front() == count - 1;
  const int before = adjacent ? plan.indexed.front() : 0;
  const int index_dims = gather.positions.tensor.ndim(), rest = gather.rest.size();
  for (int i = 0; i < before; ++i) gather.place.push_back(index_dims + i);
  for (int i = 0; i < index_dims; ++i) gather.place.push_back(i);
  for (int i = before; i < rest; ++i) gather.place.push_back(index_dims + i);
  return gather;
}

Dims joined(const Dims& a, const Dims& b) {
  Dims result = a;
  for (int64_t size : b) result.push_back(size);
  return result;
}

Value as_rows(const Value& boxed, const Plan& plan, const Gather& gather) {
  return reshape(transpose(reshape(boxed, plan.spread), gather.to_front), {gather.rows, gather.rest.numel()});
}

Value take(const Value& boxed, const Plan& plan) {
  const Gather gather = make_gather(plan);
  const Value rows = as_rows(boxed, plan, gather);
  const Value taken = apply1(op_of<"take_rows">(), {rows, reshape(gather.positions, {gather.positions.tensor.numel()})});
  return transpose(reshape(taken, joined(gather.positions.tensor.shape(), gather.rest)), gather.place);
}

Value put(const Value& boxed, const Plan& plan, const Value& value) {
  const Gather gather = make_gather(plan);
  const Dims natural = joined(gather.positions.tensor.shape(), gather.rest);
  Dims placed;
  for (int64_t dim : gather.place) placed.push_back(natural[static_cast<int>(dim)]);
  const Value spread = apply1(op_of<"broadcast_to">(), {value}, Attrs{placed});
  const int64_t count = gather.positions.tensor.numel();
  const Value rows = reshape(transpose(spread, inverse(gather.place)), {count, gather.rest.numel()});
  const Value written = apply1(op_of<"put_rows">(), {as_rows(boxed, plan, gather), reshape(gather.positions, {count}), rows});
  return reshape(transpose(reshape(written, gather.front_shape), inverse(gather.to_front)), plan.boxed);
}

}  // namespace

Value get_item(const Value& x, std::vector<IndexItem> items) {
  items = complete(x, expand_masks(x, std::move(items)));
  const Plan plan = make_plan(x, items);
  const Value boxed = plan.whole ? x : apply1(op_of<"slice">(), {x}, plan.box);
  return plan.advanced ? take(boxed, plan) : reshape(boxed, plan.basic_shape);
}

Value set_item(Value& x, std::vector<IndexItem> items, const Value& value) {
  items = complete(x, expand_masks(x, std::move(items)));
  const Plan plan = make_plan(x, items);
  Value cast = value.tensor.dtype() == x.tensor.dtype() ? value : apply1(op_of<"cast">(), {value}, Attrs{x.tensor.dtype()});
  Value patch;
  if (plan.advanced) {
    const Value boxed = plan.whole ? x : apply1(op_of<"slice">(), {x}, plan.box);
    patch = put(boxed, plan, cast);
  } else {
    patch = reshape(apply1(op_of<"broadcast_to">(), {cast}, Attrs{plan.basic_shape}), plan.boxed);
  }
  if (plan.whole) return apply1(op_of<"broadcast_to">(), {patch}, Attrs{x.tensor.shape()});
  std::array<Value, 2> operands{std::move(x), std::move(patch)};
  try {
    return std::move(apply(op_of<"slice_set">(), operands, plan.box, 1)[0]);
  } catch (...) {
    x = std::move(operands[0]);
    throw;
  }
}

}  // namespace keima
