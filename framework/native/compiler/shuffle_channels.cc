// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/shuffle_channels.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "compiler/rewrite.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

// A value as channels of others: those of `sources` one after the other, shuffled in groups, from `start` on.
struct Selection {
  std::shared_ptr<const std::vector<ValueId>> sources;
  int64_t groups = 1;
  int64_t start = 0;
  bool blocked = false;  // at least one source lies in channel blocks
};

class ChannelShuffler {
 public:
  explicit ChannelShuffler(Graph& graph)
      : graph_(graph), links_(graph), blocked_(graph.values.size()), selections_(graph.values.size()) {}

  int run() {
    for (const Node& node : graph_.nodes) note(node);
    std::vector<bool> needed(graph_.values.size());
    for (const ValueId id : graph_.outputs) needed[id] = true;
    int changes = 0;
    for (size_t i = graph_.nodes.size(); i-- > 0;) {
      Node& node = graph_.nodes[i];
      if (std::none_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return needed[id]; })) continue;
      changes += rewrite(node) ? 1 : 0;
      for (const ValueId id : node.inputs)
        if (id != kNoValue) needed[id] = true;
    }
    return changes;
  }

 private:
  const Dims& shape(ValueId id) const { return graph_.values[id].shape; }
  bool is_images(ValueId id) const {
    return id != kNoValue && shape(id).size() == 4 && graph_.values[id].dtype.scalar() == ScalarType::kFloat32;
  }

  // Sources come before what is made of them, so that one pass in order knows them all.
  void note(const Node& node) {
    const ValueId id = node.outputs[0];
    if (!is_images(id)) return;
    const std::string& op = node.op->name;
    if (op == "conv2d_fused" || op == "max_pool2d" || op == "avg_pool2d") blocked_[id] = true;
    else if (op == "concat") selections_[id] = joined(node);
    else if (op == "slice") selections_[id] = cut(node);
    else if (op == "reshape") selections_[id] = shuffled(node);
    if (selections_[id]) blocked_[id] = selections_[id]->blocked;
  }

  Selection whole(ValueId id) const { return {std::make_shared<const std::vector<ValueId>>(1, id), 1, 0, blocked_[id]}; }

  std::optional<Selection> joined(const Node& node) const {
    const int64_t axis = node.attrs.integer(0);
    if (axis != 1 && axis != -3) return std::nullopt;
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return is_images(id); })) return std::nullopt;
    const bool blocked = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return blocked_[id]; });
    return Selection{std::make_shared<const std::vector<ValueId>>(node.inputs), 1, 0, blocked};
  }

  std::optional<Selection> cut(const Node& node) const {
    const ValueId from = node.inputs[0];
    const Dims &starts = node.attrs.ints(0), &steps = node.attrs.ints(2);
    for (int axis = 0; axis < 4; ++axis)
      if (steps[axis] != 1 || (axis != 1 && shape(from)[axis] != shape(node.outputs[0])[axis])) return std::nullopt;
    Selection selection = selections_[from] ? *selections_[from] : whole(from);
    selection.start += starts[1];
    return selection;
  }

  // (N, g*k, H, W) as (N, g, k, H, W), transposed to (N, k, g, H, W), as (N, k*g, H, W).
  std::optional<Selection> shuffled(const Node& node) {
    const Node* transpose = links_.made_by(node.inputs[0], "transpose");
    const Node* apart = transpose ? links_.made_by(transpose->inputs[0], "reshape") : nullptr;
    if (!apart || !(transpose->attrs.ints(0) == Dims{0, 2, 1, 3, 4}) || !is_images(apart->inputs[0])) return std::nullopt;
    const ValueId from = apart->inputs[0];
    const Dims &in = shape(from), &split = shape(apart->outputs[0]);
    const bool of_channels = split[0] == in[0] && split[3] == in[2] && split[4] == in[3] && shape(node.outputs[0]) == in;
    if (!of_channels || split[1] < 1) return std::nullopt;
    const bool joined = selections_[from] && selections_[from]->groups == 1 && selections_[from]->start == 0 && holds_all(from);
    Selection selection = joined ? *selections_[from] : whole(from);
    selection.groups = split[1];
    return selection;
  }

  bool holds_all(ValueId id) const {
    int64_t total = 0;
    for (const ValueId source : *selections_[id]->sources) total += shape(source)[1];
    return total == shape(id)[1];
  }

  bool rewrite(Node& node) {
    const ValueId id = node.outputs[0];
    if (!selections_[id] || !selections_[id]->blocked) return false;
    const Selection& selection = *selections_[id];
    node.op = &op_of<"channel_shuffle">();
    node.attrs = Attrs{selection.groups, selection.start, shape(id)[1]};
    node.inputs = *selection.sources;
    return true;
  }

  Graph& graph_;
  Links links_;
  std::vector<bool> blocked_;
  std::vector<std::optional<Selection>> selections_;
};

}  // namespace

int shuffle_channels(Graph& graph) { return ChannelShuffler(graph).run(); }

}  // namespace keima::compiler
