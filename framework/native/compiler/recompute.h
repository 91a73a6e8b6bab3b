// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Values of the forward pass computed again where backward reads them, so that their memory is free in between.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// The graph in which backward reads, instead of each value of forward nodes that is not `kept`, one that copies of its
// nodes make right before they are first needed. What copies read is computed again as well, back to kept values, inputs,
// constants, outputs of the graph and results of random ops. Every node still computes the same from the same.
Graph recompute(const Graph& graph, const std::vector<bool>& kept);

}  // namespace keima::compiler
