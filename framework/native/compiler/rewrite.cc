// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/rewrite.h"

namespace keima::compiler {

int drop_removed(Graph& graph) { return static_cast<int>(std::erase_if(graph.nodes, [](const Node& node) { return node.op == nullptr; })); }

Node* Links::made_by(ValueId id, std::string_view op) const {
  const int at = maker(id);
  Node* node = at < 0 ? nullptr : &graph_.nodes[static_cast<size_t>(at)];
  return node && node->is(op) ? node : nullptr;
}

Node* Links::sole(ValueId id, std::string_view op) const {
  Node* node = made_by(id, op);
  return node && uses_[id] == 1 ? node : nullptr;
}

}  // namespace keima::compiler
