// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a hostile or damaged graph file may look like.
#pragma once

#include <string>

#include "compiler/ir.h"
#include "mutate_text.h"

namespace keima::compiler {

std::string file_of(const Graph& graph);

// Changes ops, attributes, operands, shapes, dtypes or nodes of the graph; most of the time what follows is mended by
// inferring shapes again, so that reading goes deep.
Graph mutated_graph(const Graph& graph, Random& random);

}  // namespace keima::compiler
