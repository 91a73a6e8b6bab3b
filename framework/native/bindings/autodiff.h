// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Recording sessions, backward passes and custom gradients for Python.
#pragma once

#include <pybind11/pybind11.h>

namespace keima::python {

void bind_autodiff(pybind11::module_& module);

}  // namespace keima::python
