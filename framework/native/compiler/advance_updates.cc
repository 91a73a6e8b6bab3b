// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/advance_updates.h"

#include <algorithm>

namespace keima::compiler {
namespace {

// By node: not of backward, reads what depends on it, and leads to outputs of the graph through such nodes alone.
std::vector<bool> find_updates(const Graph& graph) {
  std::vector<bool> updates(graph.nodes.size()), of_gradients(graph.values.size()), read_by_others(graph.values.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const bool depends = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return id != kNoValue && of_gradients[id]; });
    for (const ValueId id : node.outputs) of_gradients[id] = node.backward || depends;
    updates[i] = depends && !node.backward;
  }
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    updates[i] = updates[i] && std::none_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return read_by_others[id]; });
    if (updates[i]) continue;
    for (const ValueId id : node.inputs)
      if (id != kNoValue) read_by_others[id] = true;
  }
  return updates;
}

}  // namespace

int advance_updates(Graph& graph) {
  const std::vector<bool> updates = find_updates(graph);
  // Which node that stays makes the last of what a value depends on.
  std::vector<size_t> made_after(graph.values.size(), 0);
  std::vector<std::vector<size_t>> behind(graph.nodes.size());
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    size_t place = i;
    if (updates[i]) {
      place = 0;
      for (const ValueId id : graph.nodes[i].inputs)
        if (id != kNoValue) place = std::max(place, made_after[id]);
      behind[place].push_back(i);
    }
    for (const ValueId id : graph.nodes[i].outputs) made_after[id] = place;
  }
  std::vector<Node> nodes;
  int moved = 0;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!updates[i]) nodes.push_back(graph.nodes[i]);
    for (const size_t update : behind[i]) {
      moved += nodes.size() == update ? 0 : 1;
      nodes.push_back(graph.nodes[update]);
      nodes.back().backward = true;
    }
  }
  graph.nodes = std::move(nodes);
  return moved;
}

}  // namespace keima::compiler
