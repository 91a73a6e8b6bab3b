// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/recompute.h"

#include <set>

namespace keima::compiler {
namespace {

class Recomputation {
 public:
  Recomputation(const Graph& graph, const std::vector<bool>& kept) : graph_(graph), makers_(producers(graph)), kept_(kept), result_(graph) {
    for (const ValueId id : graph.outputs) kept_[id] = true;
    result_.nodes.clear();
  }

  Graph run() {
    again_.assign(graph_.values.size(), kNoValue);
    bool in_backward = false;
    for (const Node& node : graph_.nodes) {
      // What one pass of autodiff computed again does not stay for the next.
      if (node.backward && !in_backward) again_.assign(graph_.values.size(), kNoValue);
      in_backward = node.backward;
      if (node.backward) read_again(node);
      else result_.nodes.push_back(node);
    }
    return std::move(result_);
  }

 private:
  bool is_there(ValueId id) const {
    const int maker = makers_[id];
    if (maker < 0 || kept_[id]) return true;
    const Node& node = graph_.nodes[static_cast<size_t>(maker)];
    return node.backward || node.op->random;
  }
  bool is_missing(ValueId id) const { return id != kNoValue && !is_there(id) && again_[id] == kNoValue; }

  // The nodes that make what `node` lacks, in their order.
  std::set<int> needed_by(const Node& node) const {
    std::set<int> needed;
    std::vector<const Node*> open{&node};
    while (!open.empty()) {
      const Node& reader = *open.back();
      open.pop_back();
      for (const ValueId id : reader.inputs)
        if (is_missing(id) && needed.insert(makers_[id]).second) open.push_back(&graph_.nodes[static_cast<size_t>(makers_[id])]);
    }
    return needed;
  }

  void replace_inputs(Node& node) const {
    for (ValueId& id : node.inputs)
      if (id != kNoValue && again_[id] != kNoValue) id = again_[id];
  }

  void read_again(Node node) {
    for (const int index : needed_by(node)) result_.nodes.push_back(copy_of(graph_.nodes[static_cast<size_t>(index)]));
    replace_inputs(node);
    result_.nodes.push_back(std::move(node));
  }

  Node copy_of(const Node& node) {
    Node copy = node;
    copy.backward = true;
    replace_inputs(copy);
    for (ValueId& id : copy.outputs) {
      const ValueId made = result_.add_value(graph_.values[id]);
      if (!is_there(id)) again_[id] = made;
      id = made;
    }
    return copy;
  }

  const Graph& graph_;
  const std::vector<int> makers_;
  std::vector<bool> kept_;
  Graph result_;
  std::vector<ValueId> again_;  // which value stands for one that was computed again
};

}  // namespace

Graph recompute(const Graph& graph, const std::vector<bool>& kept) { return Recomputation(graph, kept).run(); }

}  // namespace keima::compiler
