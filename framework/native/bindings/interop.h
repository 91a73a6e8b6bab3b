// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Sharing memory with others: the buffer protocol, NumPy and DLPack.
#pragma once

#include "bindings/python.h"

namespace keima::python {

// Slots and methods of keima.Tensor.
int get_buffer(PyObject* object, Py_buffer* view, int flags);
void release_buffer(PyObject* object, Py_buffer* view);
PyObject* tensor_numpy(PyObject* object, PyObject*);
PyObject* tensor_array(PyObject* object, PyObject* args, PyObject* kwargs);
PyObject* tensor_dlpack(PyObject* object, PyObject* args, PyObject* kwargs);
PyObject* tensor_dlpack_device(PyObject* object, PyObject*);

// keima.from_dlpack: a tensor on the producer's memory; the tensor itself never writes to it.
PyObject* from_dlpack(PyObject* module, PyObject* producer);

}  // namespace keima::python
