// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse_epilogue.h"

#include "compiler/rewrite.h"

namespace keima::compiler {
namespace {

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
      if (!linear || linear->operand(kBias) != kNoValue || activated(*linear)) continue;
      const TensorDesc &bias = graph_.values[node.inputs[1 - side]], &out = graph_.values[linear->outputs[0]];
      if (bias.shape.size() != 1 || bias.shape[0] != out.shape.back() || bias.dtype.scalar() != ScalarType::kFloat32) continue;
      linear->set_operand(kBias, node.inputs[1 - side]);
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
      if (!fused || fused->operand(kResidual) != kNoValue || activated(*fused)) continue;
      const TensorDesc &other = graph_.values[node.inputs[1 - side]], &out = graph_.values[node.outputs[0]];
      if (!(other.shape == out.shape) || !(other.dtype == out.dtype)) continue;
      fused->set_operand(kResidual, node.inputs[1 - side]);
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

}  // namespace

int fuse_epilogue(Graph& graph) { return EpilogueFuser(graph).run(); }

}  // namespace keima::compiler
