// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/indexing.h"

#include "bindings/convert.h"
#include "bindings/tensor_type.h"

namespace keima::python {
namespace {

int64_t bound(PyObject* object, int64_t open) {
  if (object == Py_None) return open;
  const Py_ssize_t value = PyNumber_AsSsize_t(object, nullptr);  // clips, as Python's own slices do
  if (value == -1 && PyErr_Occurred()) throw PythonError();
  return value;
}

IndexItem slice_item(PyObject* object) {
  const auto* slice = reinterpret_cast<PySliceObject*>(object);
  IndexItem item;
  item.step = bound(slice->step, 1);
  // With a negative step an open start is the end of the dimension, an open stop its beginning.
  item.start = bound(slice->start, item.step < 0 ? INT64_MAX : INT64_MIN);
  item.stop = bound(slice->stop, item.step < 0 ? INT64_MIN : INT64_MAX);
  return item;
}

IndexItem parse_item(PyObject* object) {
  using Kind = IndexItem::Kind;
  IndexItem item;
  if (PySlice_Check(object)) return slice_item(object);
  if (object == Py_None) {
    item.kind = Kind::kNewAxis;
  } else if (object == Py_Ellipsis) {
    item.kind = Kind::kEllipsis;
  } else if (PyLong_Check(object) && !PyBool_Check(object)) {
    item.kind = Kind::kInteger;
    item.start = bound(object, 0);
  } else if (PyFloat_Check(object) || PyUnicode_Check(object)) {
    fail(ErrorKind::kIndex, "index: expected integers, slices, None, ..., tensors or sequences of integers or bools, got a ", Py_TYPE(object)->tp_name);
  } else {
    item.kind = Kind::kTensor;
    item.tensor = operand(object, nullptr, "index");
    const DType& dtype = item.tensor.tensor.dtype();
    // An empty list has no type of its own.
    if (item.tensor.tensor.numel() == 0 && dtype.is_float() && !is_tensor(object)) {
      const DType integer = ScalarType::kInt32;
      item.tensor = {tensor_from(object, &integer), nullptr, 0};
    } else if (dtype.is_float()) {
      fail(ErrorKind::kIndex, "index: expected integers or bools, got a tensor of ", dtype);
    }
  }
  return item;
}

}  // namespace

std::vector<IndexItem> parse_index(PyObject* index) {
  std::vector<IndexItem> items;
  if (!PyTuple_Check(index)) {
    items.push_back(parse_item(index));
    return items;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(index); ++i) items.push_back(parse_item(PyTuple_GET_ITEM(index, i)));
  return items;
}

}  // namespace keima::python
