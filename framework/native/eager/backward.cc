// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/backward.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "eager/dispatch.h"
#include "ops/layout.h"
#include "ops/observer.h"
#include "ops/profile.h"

namespace keima {
namespace {

// One pass keeps all that it knows about nodes and leaves to itself: a callback or a custom gradient may run another pass
// over the same ones.
class Pass {
 public:
  Pass(std::span<const Ref<Leaf>> leaves, bool keep_graph, const std::function<void(size_t, Value)>& on_gradient)
      : leaves_(leaves.size()), keep_graph_(keep_graph), on_gradient_(on_gradient) {
    for (size_t i = 0; i < leaves.size(); ++i) places_.emplace(leaves[i].get(), i);
  }

  void run(std::span<const Root> roots) {
    for (const Root& root : roots) visit(root.value.origin.get());
    std::vector<size_t> order;
    for (size_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].needed) order.push_back(i);
    // Creation order is topological; newest first.
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return nodes_[a].node->sequence > nodes_[b].node->sequence; });
    count_pending(roots, order);
    for (const Root& root : roots) deliver(root.value.origin.get(), root.value.index, {root.gradient});
    for (const size_t i : order) process(i);
  }

 private:
  struct Node {
    Ref<TapeNode> node;
    bool needed = false;  // a wanted leaf is reached from it
    ValueList out_grads = {};
  };
  struct LeafState {
    int pending = 0;  // gradients that are still to come
    Value gradient = {};
  };

  // Depth first without recursion.
  void visit(Origin* root) {
    struct Frame {
      size_t place;
      size_t next;
    };
    std::vector<Frame> stack;
    auto enter = [&](Origin* origin) {
      TapeNode* node = as_tape_node(origin);
      if (!node || !node->live() || !places_.emplace(node, nodes_.size()).second) return;
      stack.push_back({nodes_.size(), 0});
      nodes_.push_back({Ref<TapeNode>(node)});
    };
    enter(root);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const Node& visited = nodes_[frame.place];
      if (frame.next < visited.node->links.size()) {
        enter(visited.node->links[frame.next++].origin.get());
        continue;
      }
      finish(nodes_[frame.place]);
      stack.pop_back();
    }
  }

  void finish(Node& visited) {
    visited.needed = std::any_of(visited.node->links.begin(), visited.node->links.end(), [&](const auto& link) { return wanted(link.origin.get()); });
    if (visited.needed) visited.out_grads.resize(visited.node->output_count);
  }

  bool wanted(Origin* origin) const {
    const auto found = places_.find(origin);
    return found != places_.end() && (as_leaf(origin) || nodes_[found->second].needed);
  }

  void count_pending(std::span<const Root> roots, std::span<const size_t> order) {
    auto count = [&](Origin* origin) {
      if (as_leaf(origin) && wanted(origin)) ++leaves_[places_.at(origin)].pending;
    };
    for (const Root& root : roots) count(root.value.origin.get());
    for (const size_t i : order)
      for (const auto& link : nodes_[i].node->links) count(link.origin.get());
  }

  void process(size_t place) {
    const ValueList out_grads = std::move(nodes_[place].out_grads);
    TapeNode& node = *nodes_[place].node;
    const bool reached = std::any_of(out_grads.begin(), out_grads.end(), [](const Value& v) { return bool(v); });
    const size_t arity = node.links.size();
    InputGradientList in_grads(arity);
    if (reached) {
      InlineVector<bool, 8> needed;
      for (const auto& link : node.links) needed.push_back(wanted(link.origin.get()));
      const profile::GradientSpan span(node.name());
      node.backward(out_grads, needed, in_grads);
    }
    for (size_t i = 0; i < arity; ++i) deliver(node.links[i].origin.get(), node.links[i].index, std::move(in_grads[i]));
    if (!keep_graph_) node.release_saved();
  }

  // A null gradient still counts: the leaf must know that nothing more comes this way.
  void deliver(Origin* origin, uint32_t index, InputGradient gradient) {
    if (!wanted(origin)) return;
    const size_t place = places_.at(origin);
    if (!as_leaf(origin)) {
      if (gradient.value) accumulate(nodes_[place].out_grads[index], std::move(gradient));
      return;
    }
    LeafState& leaf = leaves_[place];
    if (gradient.value) accumulate(leaf.gradient, std::move(gradient));
    if (--leaf.pending == 0 && leaf.gradient) on_gradient_(place, std::exchange(leaf.gradient, {}));
  }

  void accumulate(Value& sum, InputGradient gradient) {
    if (gradient.box) return accumulate_box(sum, std::move(gradient.value), *gradient.box);
    if (sum) return combine(op_of<"add">(), sum, std::move(gradient.value), {}, !keep_graph_);
    sum = std::move(gradient.value);
  }

  void accumulate_box(Value& sum, Value part, const Box& box) {
    if (sum) return combine(op_of<"slice_add">(), sum, std::move(part), box.place, !keep_graph_);
    sum = {filled(box.whole, 0.0, part.tensor.dtype()), nullptr, 0};
    combine(op_of<"slice_set">(), sum, std::move(part), box.place, true);
  }

  // Writes over what `sum` was where `donate` says so and nobody else has it.
  static void combine(const Op& op, Value& sum, Value part, Attrs attrs, bool donate) {
    std::array<Value, 2> operands{std::move(sum), std::move(part)};
    sum = std::move(apply(op, operands, std::move(attrs), donate ? 1 : 0)[0]);
  }

  std::vector<Node> nodes_;
  std::vector<LeafState> leaves_;
  std::unordered_map<const Origin*, size_t> places_;  // in nodes_ or leaves_, as the origin's kind says
  const bool keep_graph_;
  const std::function<void(size_t, Value)>& on_gradient_;
};

}  // namespace

void backward(std::span<const Root> roots, std::span<const Ref<Leaf>> leaves, bool keep_graph,
              const std::function<void(size_t, Value)>& on_gradient) {
  const profile::Span span([] { return profile::Event{.category = profile::Category::kPass, .name = "backward"}; });
  const ObservedBackward observed;
  Pass pass(leaves, keep_graph, on_gradient);
  pass.run(roots);
}

}  // namespace keima
