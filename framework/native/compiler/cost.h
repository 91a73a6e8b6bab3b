// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a node of a graph costs.
#pragma once

#include "compiler/ir.h"
#include "ops/cost.h"

namespace keima::compiler {

// Operations that take as long as moving a byte on today's processors: nodes with more for each are bound by arithmetic.
inline constexpr double kBalance = 10;

struct NodeCost : Cost {
  int64_t weights = 0;  // of bytes_in, those of constants
};

NodeCost cost_of(const Graph& graph, const Node& node);

}  // namespace keima::compiler
