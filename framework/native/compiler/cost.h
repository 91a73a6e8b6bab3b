// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a node of a graph costs.
#pragma once

#include "compiler/ir.h"
#include "ops/cost.h"

namespace keima::compiler {

struct NodeCost : Cost {
  int64_t weights = 0;  // of bytes_in, those of constants
};

NodeCost cost_of(const Graph& graph, const Node& node);

}  // namespace keima::compiler
