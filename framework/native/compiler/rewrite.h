// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What passes that rewrite a graph's nodes where they are share. A node that a pass removes gets no op, so that the others keep
// their places until it is done.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Drops the nodes without an op; how many there were.
int drop_removed(Graph& graph);

// Hands every node to `rewrite`, which says whether it changed it, and then drops the removed ones; how many it changed.
template <class Rewrite>
int rewrite_each(Graph& graph, const Rewrite& rewrite) {
  int changes = 0;
  for (Node& node : graph.nodes) changes += rewrite(node) ? 1 : 0;
  drop_removed(graph);
  return changes;
}

// Which node makes an operand, as it was when the pass began; passes that move nodes keep it up to date.
class Links {
 public:
  explicit Links(Graph& graph) : graph_(graph), makers_(producers(graph)), uses_(use_counts(graph)) {}

  // The node that makes `id`, if it is one of that op.
  Node* made_by(ValueId id, std::string_view op) const;
  // The same, if nobody else reads its result.
  Node* sole(ValueId id, std::string_view op) const;
  int maker(ValueId id) const { return id == kNoValue ? -1 : makers_[id]; }
  // `node` now stands at `index` and makes `id`.
  void made_at(ValueId id, size_t index) { makers_[id] = static_cast<int>(index); }

 private:
  Graph& graph_;
  std::vector<int> makers_;
  const std::vector<int> uses_;
};

}  // namespace keima::compiler
