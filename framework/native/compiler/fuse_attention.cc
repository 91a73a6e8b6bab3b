// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse_attention.h"

#include <optional>

#include "compiler/rewrite.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

constexpr size_t kTransposeA = 0, kTransposeB = 1;

class AttentionFuser {
 public:
  explicit AttentionFuser(Graph& graph) : graph_(graph), links_(graph) {}

  // Whether the product became an attention.
  bool fuse(Node& node) {
    if (!node.is("matmul") || node.attrs.flag(kTransposeA) || node.attrs.flag(kTransposeB)) return false;
    Node* softmax = links_.sole(node.inputs[0], "softmax");
    if (!softmax || !four_dimensional(node)) return false;
    const int64_t axis = softmax->attrs.integer(0);
    if (axis != -1 && axis != 3) return false;
    const Scaled scores = scaled(softmax->inputs[0]);
    Node* first = links_.sole(scores.value, "matmul");
    if (!first || first->attrs.flag(kTransposeA) || !four_dimensional(*first)) return false;
    const Scaled query = scaled(first->inputs[0]);
    node.attrs = Attrs{!first->attrs.flag(kTransposeB), scores.factor * query.factor};
    node.inputs = {query.value, first->inputs[1], node.inputs[1]};
    node.op = &op_of<"attention">();
    for (Node* absorbed : {softmax, first, scores.mul, query.mul})
      if (absorbed) absorbed->op = nullptr;
    return true;
  }

 private:
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
    Node* mul = links_.sole(id, "mul");
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

  Graph& graph_;
  Links links_;
};

}  // namespace

int fuse_attention(Graph& graph) {
  AttentionFuser fuser(graph);
  return rewrite_each(graph, [&](Node& node) { return fuser.fuse(node); });
}

}  // namespace keima::compiler
