// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// keima.Tensor: a hand-written CPython type around a value and, once attached to a gradient manager, its leaf.
#pragma once

#include "bindings/python.h"
#include "bindings/state.h"
#include "eager/tape.h"

namespace keima::python {

struct PyTensor {
  PyObject_HEAD
  Value value;
  Ref<Leaf> leaf;
  PyObject* grad;
  PyObject* dict;
  PyObject* weakrefs;
};

PyTypeObject* make_tensor_type(PyObject* module);

inline bool is_tensor(PyObject* object) noexcept { return PyObject_TypeCheck(object, state().tensor_type); }
inline PyTensor* as_tensor(PyObject* object) noexcept { return reinterpret_cast<PyTensor*>(object); }

// The argument as a tensor; the error says what was expected.
PyTensor* tensor_argument(pybind11::handle object, std::string_view what);

// A new keima.Tensor.
PyObject* wrap(Value value);
// One tensor, or a tuple when there are several.
PyObject* wrap_all(ValueList values);

// The tensor's value with the origin that gradients flow to now.
Value value_of(PyTensor* tensor);
// Gives the object a new value; other objects that held the old one do not see it.
void rebind(PyTensor* tensor, Value value);

}  // namespace keima::python
