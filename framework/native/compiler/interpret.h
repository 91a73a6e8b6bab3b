// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Runs a graph node by node on memory of the caching allocator.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// `inputs` as Graph::inputs; their shapes and dtypes are checked. Returns the tensors of Graph::outputs.
std::vector<Tensor> interpret(const Graph& graph, std::span<const Tensor> inputs);

// Throws Error(kShape or kDtype) unless the inputs are what the graph takes.
void check_inputs(std::span<const TensorDesc> expected, std::span<const Tensor> inputs);

}  // namespace keima::compiler
