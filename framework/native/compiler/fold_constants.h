// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Computes what depends on constants alone; the number of nodes that became constants. Neither the memory nor the time that
// this takes is more than a fixed amount beyond what the constants that are there let expect: graphs come from files.
int fold_constants(Graph& graph);

}  // namespace keima::compiler
