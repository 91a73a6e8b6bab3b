// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/backward.h"

#include <algorithm>
#include <vector>

#include "eager/dispatch.h"

namespace keima {
namespace {

uint64_t next_pass() {
  static uint64_t pass = 0;
  return ++pass;
}

class Pass {
 public:
  Pass(std::span<const Ref<Leaf>> leaves, bool keep_graph, const std::function<void(size_t, Value)>& on_gradient)
      : id_(next_pass()), leaves_(leaves), keep_graph_(keep_graph), on_gradient_(on_gradient) {
    for (const Ref<Leaf>& leaf : leaves_) {
      leaf->pass = id_;
      leaf->pending = 0;
      leaf->gradient = {};
    }
  }
  ~Pass() {
    for (const Ref<Leaf>& leaf : leaves_) leaf->gradient = {};
    for (const Ref<TapeNode>& node : order_) node->out_grads.clear();
  }

  void run(std::span<const Root> roots) {
    for (const Root& root : roots) visit(root.value.origin.get());
    // Creation order is topological; newest first.
    std::sort(order_.begin(), order_.end(), [](const auto& a, const auto& b) { return a->sequence > b->sequence; });
    count_pending(roots);
    for (const Root& root : roots) deliver(root.value.origin.get(), root.value.index, root.gradient);
    for (Ref<TapeNode>& node : order_) {
      process(*node);
      node->out_grads.clear();
    }
  }

 private:
  bool is_target(Origin* origin) const {
    const Leaf* leaf = as_leaf(origin);
    return leaf && leaf->pass == id_;
  }

  // Depth first without recursion; fills `order_` with the nodes from which a target leaf is reached.
  void visit(Origin* root) {
    struct Frame {
      TapeNode* node;
      size_t next;
    };
    std::vector<Frame> stack;
    auto enter = [&](Origin* origin) {
      TapeNode* node = as_tape_node(origin);
      if (!node || !node->live() || node->pass == id_) return;
      node->pass = id_;
      node->needed = false;
      stack.push_back({node, 0});
    };
    enter(root);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next < frame.node->links.size()) {
        enter(frame.node->links[frame.next++].origin.get());
        continue;
      }
      TapeNode* node = frame.node;
      node->needed = std::any_of(node->links.begin(), node->links.end(), [&](const auto& link) { return wanted(link.origin.get()); });
      if (node->needed) {
        node->out_grads.clear();
        node->out_grads.resize(node->output_count);
        order_.push_back(Ref<TapeNode>(node));
      }
      stack.pop_back();
    }
  }

  bool wanted(Origin* origin) const {
    if (const TapeNode* node = as_tape_node(origin)) return node->pass == id_ && node->needed;
    return is_target(origin);
  }

  void count_pending(std::span<const Root> roots) {
    auto count = [&](Origin* origin) {
      if (is_target(origin)) ++as_leaf(origin)->pending;
    };
    for (const Root& root : roots) count(root.value.origin.get());
    for (const auto& node : order_)
      for (const auto& link : node->links) count(link.origin.get());
  }

  void process(TapeNode& node) {
    const bool reached = std::any_of(node.out_grads.begin(), node.out_grads.end(), [](const Value& v) { return bool(v); });
    const size_t arity = node.links.size();
    ValueList in_grads(arity);
    if (reached) {
      InlineVector<bool, 8> needed;
      for (const auto& link : node.links) needed.push_back(wanted(link.origin.get()));
      node.backward(node.out_grads, needed, in_grads);
    }
    for (size_t i = 0; i < arity; ++i) deliver(node.links[i].origin.get(), node.links[i].index, std::move(in_grads[i]));
    if (!keep_graph_) node.release_saved();
  }

  // A null gradient still counts: the leaf must know that nothing more comes this way.
  void deliver(Origin* origin, uint32_t index, Value gradient) {
    if (!wanted(origin)) return;
    if (TapeNode* node = as_tape_node(origin)) {
      if (gradient) accumulate(node->out_grads[index], std::move(gradient));
      return;
    }
    Leaf* leaf = as_leaf(origin);
    if (gradient) accumulate(leaf->gradient, std::move(gradient));
    if (--leaf->pending == 0 && leaf->gradient) announce(leaf);
  }

  void announce(Leaf* leaf) {
    const auto found = std::find_if(leaves_.begin(), leaves_.end(), [&](const auto& candidate) { return candidate.get() == leaf; });
    on_gradient_(static_cast<size_t>(found - leaves_.begin()), std::move(leaf->gradient));
    leaf->gradient = {};
  }

  void accumulate(Value& sum, Value gradient) {
    if (!sum) {
      sum = std::move(gradient);
      return;
    }
    std::array<Value, 2> operands{std::move(sum), std::move(gradient)};
    sum = std::move(apply(op_of<"add">(), operands, {}, keep_graph_ ? 0 : 1)[0]);
  }

  const uint64_t id_;
  std::span<const Ref<Leaf>> leaves_;
  const bool keep_graph_;
  const std::function<void(size_t, Value)>& on_gradient_;
  std::vector<Ref<TapeNode>> order_;
};

}  // namespace

void backward(std::span<const Root> roots, std::span<const Ref<Leaf>> leaves, bool keep_graph,
              const std::function<void(size_t, Value)>& on_gradient) {
  Pass pass(leaves, keep_graph, on_gradient);
  pass.run(roots);
}

}  // namespace keima
