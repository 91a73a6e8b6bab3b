// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From Python objects to tensors, dtypes and attributes.
#pragma once

#include "bindings/python.h"
#include "ops/op.h"
#include "ops/value.h"

namespace keima::python {

// Raises UnsupportedError unless `object` is None or one of MegEngine's names for the CPU.
void check_device(PyObject* object);

// Names ("float32"), numpy dtypes, scalar types and Python's float, int and bool. float64 and int64 are refused with
// the reason.
DType parse_dtype(PyObject* object);
PyObject* dtype_object(const DType& dtype);  // new reference

// Any array-like: a scalar, nested sequences, an ndarray, a tensor. Without a dtype, float64 becomes float32 and int64
// int32. Copies.
Tensor tensor_from(PyObject* object, const DType* dtype = nullptr);

// True for Python's bool, int and float (and NumPy's subclasses of them).
bool is_python_scalar(PyObject* object) noexcept;
// A 0-d tensor of the dtype that the scalar takes beside a tensor of `beside`: ints and bools adapt to it, floats to
// a float type.
Tensor scalar_beside(PyObject* object, const DType& beside, std::string_view op);

// A value for an op's operand; `beside` (may be null) is the dtype that a Python scalar adapts to.
Value operand(PyObject* object, const DType* beside, std::string_view op);

AttrValue parse_attr(PyObject* object, const AttrDecl& decl, std::string_view op);
Dims parse_dims(PyObject* object, std::string_view what);
pybind11::tuple shape_tuple(const Dims& dims);

}  // namespace keima::python
