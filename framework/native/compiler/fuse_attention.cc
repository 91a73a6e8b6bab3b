// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse_attention.h"

#include <optional>

#include "ops/layout.h"

namespace keima::compiler {
namespace {

constexpr size_t kTransposeA = 0, kTransposeB = 1;

class AttentionFuser {
 public:
  explicit AttentionFuser(Graph& graph) : graph_(graph), makers_(producers(graph)), uses_(use_counts(graph)) {}

  int run() {
    int changes = 0;
    for (Node& node : graph_.nodes) changes += fuse(node) ? 1 : 0;
    std::erase_if(graph_.nodes, [](const Node& node) { return node.op == nullptr; });
    return changes;
  }

 private:
  // The node that makes `id`, if it is one of that op whose result nobody else reads.
  Node* sole(ValueId id, std::string_view op) {
    if (id == kNoValue || makers_[id] < 0 || uses_[id] != 1) return nullptr;
    Node& node = graph_.nodes[static_cast<size_t>(makers_[id])];
    return node.op && node.op->name == op ? &node : nullptr;
  }

  const TensorDesc& desc(ValueId id) const { return graph_.values[id]; }

  // A float32 constant of one number.
  std::optional<double> number(ValueId id) const {
    const auto found = graph_.constants.find(id);
    if (found == graph_.constants.end() || found->second.numel() != 1 || found->second.dtype().scalar() != ScalarType::kFloat32) return std::nullopt;
    return static_cast<double>(*to_contiguous(to_plain(found->second)).data<float>());
  }

  // A value that a multiplication with a number may have made.
  struct Scaled {
    ValueId value;  // before it
    double factor = 1;
    Node* mul = nullptr;
  };

  Scaled scaled(ValueId id) {
    Node* mul = sole(id, "mul");
    for (size_t side = 0; mul && side < 2; ++side) {
      const std::optional<double> factor = number(mul->inputs[1 - side]);
      if (factor && desc(mul->inputs[side]).shape == desc(id).shape) return {mul->inputs[side], *factor, mul};
    }
    return {id};
  }

  bool four_dimensional(const Node& matmul) const {
    for (const ValueId id : matmul.inputs)
      if (desc(id).shape.size() != 4 || desc(id).dtype.scalar() != ScalarType::kFloat32) return false;
    const Dims &a = desc(matmul.inputs[0]).shape, &b = desc(matmul.inputs[1]).shape;
    return a[0] == b[0] && a[1] == b[1];
  }

  bool fuse(Node& node) {
    if (!node.op || node.op->name != "matmul" || node.attrs.flag(kTransposeA) || node.attrs.flag(kTransposeB)) return false;
    Node* softmax = sole(node.inputs[0], "softmax");
    if (!softmax || !four_dimensional(node)) return false;
    const int64_t axis = softmax->attrs.integer(0);
    if (axis != -1 && axis != 3) return false;
    const Scaled scores = scaled(softmax->inputs[0]);
    Node* first = sole(scores.value, "matmul");
    if (!first || first->attrs.flag(kTransposeA) || !four_dimensional(*first)) return false;
    const Scaled query = scaled(first->inputs[0]);
    node.attrs = Attrs{!first->attrs.flag(kTransposeB), scores.factor * query.factor};
    node.inputs = {query.value, first->inputs[1], node.inputs[1]};
    node.op = &op_of<"attention">();
    for (Node* absorbed : {softmax, first, scores.mul, query.mul})
      if (absorbed) absorbed->op = nullptr;
    return true;
  }

  Graph& graph_;
  const std::vector<int> makers_;
  const std::vector<int> uses_;
};

}  // namespace

int fuse_attention(Graph& graph) { return AttentionFuser(graph).run(); }

}  // namespace keima::compiler
