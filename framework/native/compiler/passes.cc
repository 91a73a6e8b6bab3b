// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <numeric>

#include "compiler/fuse_attention.h"
#include "compiler/fuse_inverted_residual.h"
#include "compiler/rewrite.h"
#include "compiler/shuffle_channels.h"
#include "ops/execute.h"
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

Tensor compute(const char* name, std::initializer_list<Tensor> inputs, const Attrs& attrs = {}) {
  return execute(Registry::instance().get(name), std::span(inputs.begin(), inputs.size()), attrs)[0];
}

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

// --- fold_constants ----------------------------------------------------------------------------------------------

// A folded result is kept in the file: nothing large is made of something small (zeros, broadcasts).
constexpr int64_t kFoldedBytes = 1 << 20;
// All of them together may take this much more than the constants that were there.
constexpr int64_t kAllFoldedBytes = 64 << 20;

int64_t bytes_of(const TensorDesc& desc) { return desc.shape.numel() * desc.dtype.itemsize(); }

bool foldable(const Graph& graph, const Node& node, int64_t made) {
  if (node.op->random || node.op->dynamic_shape) return false;
  int64_t given = kFoldedBytes;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    if (!graph.is_constant(id)) return false;
    given += bytes_of(graph.values[id]);
  }
  return made <= given;
}

int fold_constants(Graph& graph) {
  int64_t left = kAllFoldedBytes;
  for (const auto& [id, tensor] : graph.constants) left += bytes_of(graph.values[id]);
  for (Node& node : graph.nodes) {
    int64_t made = 0;
    for (const ValueId id : node.outputs) made += bytes_of(graph.values[id]);
    if (made > left || !foldable(graph, node, made)) continue;
    left -= made;
    TensorList inputs;
    for (const ValueId id : node.inputs) inputs.push_back(id == kNoValue ? Tensor() : graph.constants.at(id));
    const TensorList outputs = execute(*node.op, inputs, node.attrs);
    for (size_t i = 0; i < outputs.size(); ++i) graph.constants[node.outputs[i]] = to_contiguous(to_plain(outputs[i]));
    node.op = nullptr;
  }
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

// --- fold_affine -------------------------------------------------------------------------------------------------

int64_t out_channels(const Graph& graph, const Node& conv) { return graph.values[conv.outputs[0]].shape[1]; }

// A constant of one number, or of one number a channel of a (N, C, H, W) tensor, as (1, C, 1, 1).
Tensor channel_constant(const Graph& graph, ValueId id, int64_t channels) {
  const auto found = graph.constants.find(id);
  if (found == graph.constants.end() || found->second.dtype().scalar() != ScalarType::kFloat32) return {};
  const Dims& shape = found->second.shape();
  const bool per_channel = found->second.numel() == channels && (shape.size() == 3 || shape.size() == 4) && shape[shape.size() - 3] == channels;
  if (!per_channel && found->second.numel() != 1) return {};
  const Tensor flat = compute("reshape", {found->second}, Attrs{Dims{1, found->second.numel(), 1, 1}});
  return compute("broadcast_to", {flat}, Attrs{Dims{1, channels, 1, 1}});
}

// A constant in place of operand `at`, whose name it takes over.
void replace_constant(Graph& graph, Node& node, size_t at, const Tensor& tensor) {
  const ValueId id = graph.add_constant(tensor);
  if (const auto name = graph.names.find(node.inputs[at]); name != graph.names.end()) graph.names[id] = name->second;
  node.inputs[at] = id;
}

// Folds y = conv * c, conv + c or conv - c into the weights and the bias: batch normalisation with fixed statistics is
// two of these.
bool fold_into(Graph& graph, Node& conv, const Node& affine, const Tensor& factor) {
  const auto weight = graph.constants.find(conv.inputs[1]);
  const ValueId bias = conv.inputs.size() > 2 ? conv.inputs[2] : kNoValue;
  if (weight == graph.constants.end() || (bias != kNoValue && !graph.is_constant(bias))) return false;
  const Tensor old = bias == kNoValue ? filled(factor.shape(), 0.0, ScalarType::kFloat32) : compute("reshape", {graph.constants.at(bias)}, Attrs{factor.shape()});
  conv.inputs.resize(3, kNoValue);
  if (affine.is("mul")) {
    const Dims& shape = weight->second.shape();
    Dims spread = Dims::filled(shape.size(), 1);
    for (int i = 0; i <= shape.size() - 4; ++i) spread[i] = shape[i];
    replace_constant(graph, conv, 1, compute("mul", {weight->second, compute("reshape", {factor}, Attrs{spread})}));
    if (bias != kNoValue) replace_constant(graph, conv, 2, compute("mul", {old, factor}));
    return true;
  }
  replace_constant(graph, conv, 2, compute(affine.op->name.c_str(), {old, factor}));
  return true;
}

int fold_affine(Graph& graph) {
  Links links(graph);
  for (Node& node : graph.nodes) {
    if (!node.is("mul") && !node.is("add") && !node.is("sub")) continue;
    const size_t sides = node.is("sub") ? 1 : 2;
    for (size_t side = 0; side < sides; ++side) {
      Node* conv = links.sole(node.inputs[side], "conv2d");
      if (!conv || !(graph.values[node.outputs[0]].shape == graph.values[conv->outputs[0]].shape)) continue;
      const Tensor factor = channel_constant(graph, node.inputs[1 - side], out_channels(graph, *conv));
      if (!factor || !fold_into(graph, *conv, node, factor)) continue;
      links.made_at(node.outputs[0], static_cast<size_t>(conv - graph.nodes.data()));
      conv->outputs[0] = node.outputs[0];
      node.op = nullptr;
      break;
    }
  }
  return drop_removed(graph);
}

// --- fuse_epilogue -----------------------------------------------------------------------------------------------

constexpr size_t kBias = 2, kResidual = 3;

Attrs with_activation(const Node& node, const std::string& activation) { return node.attrs.with(node.op->attr("activation"), activation); }

bool activated(const Node& node) { return !node.attrs.string(node.op->attr("activation")).empty(); }

class EpilogueFuser {
 public:
  explicit EpilogueFuser(Graph& graph) : graph_(graph), links_(graph) {}

  int run() {
    for (index_ = 0; index_ < graph_.nodes.size(); ++index_) {
      Node& node = graph_.nodes[index_];
      if (node.is("conv2d")) from_conv(node);
      else if (node.is("matmul")) from_matmul(node);
      else if (node.is("add") && !add_bias(node)) add_residual(node);
      else if (node.is("relu") || node.is("relu6") || node.is("gelu")) activate(node);
    }
    drop_removed(graph_);
    return changes_;
  }

 private:
  void from_conv(Node& node) {
    std::vector<AttrValue> values;
    for (size_t i = 0; i < node.attrs.size(); ++i) values.push_back(node.attrs[i]);
    node.op = &op_of<"conv2d_fused">();
    while (values.size() < node.op->attrs.size()) values.emplace_back(std::string());  // no activation, the fixed algorithm
    node.attrs = Attrs(std::move(values));
    node.inputs.resize(4, kNoValue);
    ++changes_;
  }

  void from_matmul(Node& node) {
    const TensorDesc &x = graph_.values[node.inputs[0]], &weight = graph_.values[node.inputs[1]];
    const bool floats = x.dtype.scalar() == ScalarType::kFloat32 && weight.dtype.scalar() == ScalarType::kFloat32;
    if (!floats || x.shape.size() < 2 || weight.shape.size() != 2 || node.attrs.flag(0) || !node.attrs.flag(1)) return;
    node.op = &op_of<"linear_fused">();
    node.attrs = Attrs{std::string()};
    node.inputs.resize(4, kNoValue);
    ++changes_;
  }

  // `fused` moves to where `node` stands and makes what that made.
  void absorb(Node& fused, Node& node) {
    Node moved = std::move(fused);
    fused.op = nullptr;
    moved.outputs = node.outputs;
    node = std::move(moved);
    links_.made_at(node.outputs[0], index_);
    ++changes_;
  }

  bool add_bias(Node& node) {
    for (size_t side : {0, 1}) {
      Node* linear = links_.sole(node.inputs[side], "linear_fused");
      if (!linear || linear->inputs[kBias] != kNoValue || activated(*linear)) continue;
      const TensorDesc &bias = graph_.values[node.inputs[1 - side]], &out = graph_.values[linear->outputs[0]];
      if (bias.shape.size() != 1 || bias.shape[0] != out.shape.back() || bias.dtype.scalar() != ScalarType::kFloat32) continue;
      linear->inputs[kBias] = node.inputs[1 - side];
      absorb(*linear, node);
      return true;
    }
    return false;
  }

  void add_residual(Node& node) {
    // Of two such nodes the later one takes the sum: the other's result is there by then.
    const size_t later = links_.maker(node.inputs[0]) > links_.maker(node.inputs[1]) ? 0 : 1;
    for (size_t side : {later, 1 - later}) {
      Node* fused = sole_fused(node.inputs[side]);
      if (!fused || fused->inputs[kResidual] != kNoValue || activated(*fused)) continue;
      const TensorDesc &other = graph_.values[node.inputs[1 - side]], &out = graph_.values[node.outputs[0]];
      if (!(other.shape == out.shape) || !(other.dtype == out.dtype)) continue;
      fused->inputs[kResidual] = node.inputs[1 - side];
      return absorb(*fused, node);
    }
  }

  Node* sole_fused(ValueId id) {
    Node* conv = links_.sole(id, "conv2d_fused");
    return conv ? conv : links_.sole(id, "linear_fused");
  }

  void activate(Node& node) {
    Node* fused = sole_fused(node.inputs[0]);
    if (!fused || activated(*fused) || (node.is("gelu") && !fused->is("linear_fused"))) return;
    fused->attrs = with_activation(*fused, node.op->name);
    absorb(*fused, node);
  }

  Graph& graph_;
  Links links_;
  size_t index_ = 0;
  int changes_ = 0;
};

int fuse_epilogue(Graph& graph) { return EpilogueFuser(graph).run(); }

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
