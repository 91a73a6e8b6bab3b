// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a node costs, counted from shapes alone.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

struct Cost {
  double flops = 0;       // a multiplication and an addition are two; comparisons and functions of one element are one
  int64_t bytes_in = 0;   // operands, each read once
  int64_t bytes_out = 0;  // results
  int64_t weights = 0;    // of bytes_in, those of constants
};

// By the direct algorithm, whatever the kernel does: Winograd's counts as what it replaces, as is usual.
Cost cost_of(const Graph& graph, const Node& node);

}  // namespace keima::compiler
