// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A registered op as a Python callable: ops.add(x, y), ops.sum(x, axis=[1], keepdims=True).
#pragma once

#include "bindings/python.h"
#include "ops/op.h"

namespace keima::python {

PyTypeObject* make_op_type();
// New reference; `op` must outlive the interpreter, as the registry's do.
PyObject* make_op_function(const Op& op);

}  // namespace keima::python
