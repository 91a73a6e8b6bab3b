// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bindings/python.h"

namespace keima::python {

void bind_profiler(pybind11::module_& module);

}  // namespace keima::python
