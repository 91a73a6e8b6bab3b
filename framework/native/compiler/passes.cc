// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "compiler/advance_updates.h"
#include "compiler/fold_affine.h"
#include "compiler/fold_constants.h"
#include "compiler/fuse_attention.h"
#include "compiler/fuse_epilogue.h"
#include "compiler/fuse_inverted_residual.h"
#include "compiler/rewrite.h"
#include "compiler/shuffle_channels.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

// Values that others stand for. Nodes are visited in order, so that what a node reads is replaced before it is looked at.
class Replacements {
 public:
  explicit Replacements(const Graph& graph) : by_(graph.values.size()) { std::iota(by_.begin(), by_.end(), ValueId{0}); }
  // `to` is itself never replaced.
  void replace(ValueId from, ValueId to) { by_[from] = to; }
  void apply(std::vector<ValueId>& ids) const {
    for (ValueId& id : ids)
      if (id != kNoValue) id = by_[id];
  }

 private:
  std::vector<ValueId> by_;
};

// --- dead_code ---------------------------------------------------------------------------------------------------

int dead_code(Graph& graph) {
  std::vector<bool> live(graph.values.size());
  for (const ValueId id : graph.outputs) live[id] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    Node& node = graph.nodes[i];
    if (std::none_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return live[id]; })) {
      node.op = nullptr;
      continue;
    }
    for (const ValueId id : node.inputs)
      if (id != kNoValue) live[id] = true;
  }
  std::erase_if(graph.constants, [&](const auto& entry) { return !live[entry.first]; });
  return drop_removed(graph);
}

// --- identities --------------------------------------------------------------------------------------------------

// Whether the only result is operand 0 again.
bool is_identity(const Graph& graph, const Node& node) {
  const bool candidate = node.is("reshape") || node.is("cast") || node.is("broadcast_to");
  if (!candidate) return false;
  const TensorDesc &in = graph.values[node.inputs[0]], &out = graph.values[node.outputs[0]];
  return in.shape == out.shape && in.dtype == out.dtype;
}

int identities(Graph& graph) {
  Replacements replacements(graph);
  for (Node& node : graph.nodes) {
    replacements.apply(node.inputs);
    if (!is_identity(graph, node)) continue;
    replacements.replace(node.outputs[0], node.inputs[0]);
    node.op = nullptr;
  }
  replacements.apply(graph.outputs);
  return drop_removed(graph);
}

// --- merge_equal -------------------------------------------------------------------------------------------------

// Constants are compared up to this size: scalars and channel vectors that code repeats.
constexpr int64_t kComparedBytes = 1 << 16;

std::string constant_key(const Tensor& tensor) {
  const Tensor plain = to_contiguous(to_plain(tensor));
  const int64_t bytes = plain.numel() * plain.dtype().itemsize();
  if (bytes > kComparedBytes) return {};
  return text(plain.dtype(), plain.shape()) + std::string(reinterpret_cast<const char*>(plain.raw()), static_cast<size_t>(bytes));
}

int merge_equal(Graph& graph) {
  Replacements replacements(graph);
  std::map<std::string, ValueId> constants;
  for (const auto& [id, tensor] : std::map<ValueId, Tensor>(graph.constants)) {
    const std::string key = constant_key(tensor);
    if (key.empty()) continue;
    const auto [known, added] = constants.emplace(key, id);
    if (added) continue;
    replacements.replace(id, known->second);
    graph.constants.erase(id);
  }
  std::map<std::string, const Node*> seen;
  for (Node& node : graph.nodes) {
    replacements.apply(node.inputs);
    if (node.op->random) continue;
    const auto [known, added] = seen.emplace(to_text(graph, node), &node);
    if (added) continue;
    for (size_t i = 0; i < node.outputs.size(); ++i) replacements.replace(node.outputs[i], known->second->outputs[i]);
    node.op = nullptr;
  }
  replacements.apply(graph.outputs);
  return drop_removed(graph);
}

// --- pool_means ----------------------------------------------------------------------------------------------------

// The mean over the pixels of a convolution's result is an average pooling, which reads channel blocks as they are.
bool is_pixel_mean(const Graph& graph, const Node& node, const std::vector<int>& makers) {
  if (!node.is("mean") || node.attrs.is_none(0) || graph.values[node.inputs[0]].shape.size() != 4) return false;
  const int maker = makers[node.inputs[0]];
  return maker >= 0 && graph.nodes[static_cast<size_t>(maker)].is("conv2d_fused") && node.attrs.ints(0) == Dims{2, 3};
}

int pool_means(Graph& graph) {
  const std::vector<int> makers = producers(graph);
  std::vector<Node> nodes;
  int changes = 0;
  for (Node& node : graph.nodes) {
    if (!is_pixel_mean(graph, node, makers)) {
      nodes.push_back(std::move(node));
      continue;
    }
    const TensorDesc in = graph.values[node.inputs[0]], out = graph.values[node.outputs[0]];
    const Dims window{in.shape[2], in.shape[3]};
    const ValueId pooled = graph.add_value({{in.shape[0], in.shape[1], 1, 1}, in.dtype});
    nodes.push_back({&op_of<"avg_pool2d">(), Attrs{window, window, Dims{0, 0}, false}, node.inputs, {pooled}});
    nodes.push_back({&op_of<"reshape">(), Attrs{out.shape}, {pooled}, node.outputs});
    ++changes;
  }
  graph.nodes = std::move(nodes);
  return changes;
}

constexpr std::array kPasses = {
    Pass{"identities", "drop reshapes, casts and broadcasts that change nothing", identities},
    Pass{"fold_constants", "compute what depends on constants alone", fold_constants},
    Pass{"merge_equal", "compute what is computed twice once", merge_equal},
    Pass{"fold_affine", "fold batch normalisation and other maps of channels into convolutions", fold_affine},
    Pass{"fuse_attention", "make softmax between two products one attention", fuse_attention},
    Pass{"fuse_epilogue", "give convolutions and products the bias, residual and activation that follow them", fuse_epilogue},
    Pass{"pool_means", "take means over the pixels of a convolution as average pooling", pool_means},
    Pass{"shuffle_channels", "join, shuffle and cut the channels of convolutions in blocks", shuffle_channels},
    Pass{"fuse_inverted_residual", "run an expansion, a depthwise convolution and a projection as one op", fuse_inverted_residual},
    Pass{"advance_updates", "update parameters as soon as their gradients are there", advance_updates},
    Pass{"dead_code", "drop what no output depends on", dead_code},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

const Pass& pass_named(std::string_view name) {
  for (const Pass& pass : kPasses)
    if (pass.name == name) return pass;
  std::string names;
  for (const Pass& pass : kPasses) names += (names.empty() ? "" : ", ") + std::string(pass.name);
  fail(ErrorKind::kValue, "there is no pass '", name, "'; expected one of ", names);
}

std::vector<PassReport> optimize(Graph& graph) {
  std::vector<PassReport> reports;
  for (const Pass& pass : kPasses) reports.push_back({pass.name, pass.run(graph)});
  return reports;
}

}  // namespace keima::compiler
