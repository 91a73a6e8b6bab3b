// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What the extension module keeps: its types, its exceptions and the NumPy objects it needs.
#pragma once

#include <array>

#include "base/dtype.h"
#include "bindings/python.h"

namespace keima::python {

struct State {
  PyTypeObject* tensor_type = nullptr;
  PyTypeObject* op_type = nullptr;
  PyRef keima_error;
  PyRef shape_error;
  PyRef dtype_error;
  PyRef unsupported_error;
  PyRef trace_error;
  PyRef format_error;
  PyRef numpy_dtype;    // numpy.dtype
  PyRef numpy_asarray;  // numpy.asarray
  PyRef numpy_generic;  // numpy.generic
  PyRef numpy_ndarray;
  std::array<PyRef, 9> dtypes;  // numpy.dtype objects by ScalarType; bfloat16, which NumPy lacks, by its name
};

// pybind11 modules live in one interpreter; the state is made when the module is initialised. Inline: every op asks for its
// tensor type some times.
inline State& state() {
  static State* instance = new State;  // outlives the interpreter's teardown, in which tensors may still be freed
  return *instance;
}
void init_state(PyObject* module);

}  // namespace keima::python
