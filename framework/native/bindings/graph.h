// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Graphs and programs as Python sees them.
#pragma once

#include "bindings/python.h"

namespace keima::python {

void bind_graph(pybind11::module_& module);

}  // namespace keima::python
