// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Python's index expressions as the core's index items.
#pragma once

#include <vector>

#include "bindings/python.h"
#include "eager/indexing.h"

namespace keima::python {

std::vector<IndexItem> parse_index(PyObject* index);

}  // namespace keima::python
