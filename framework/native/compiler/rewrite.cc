// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/rewrite.h"

namespace keima::compiler {

int drop_removed(Graph& graph) { return static_cast<int>(std::erase_if(graph.nodes, [](const Node& node) { return node.op == nullptr; })); }

Node* Links::sole(ValueId id, std::string_view op) {
  const int at = maker(id);
  if (at < 0 || uses_[id] != 1) return nullptr;
  Node& node = graph_.nodes[static_cast<size_t>(at)];
  return node.is(op) ? &node : nullptr;
}

}  // namespace keima::compiler
