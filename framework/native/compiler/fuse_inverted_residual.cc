// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fuse_inverted_residual.h"

#include <algorithm>

#include "base/execution.h"
#include "compiler/rewrite.h"
#include "kernels/conv/inverted_residual.h"
#include "ops/conv_geometry.h"

namespace keima::compiler {
namespace {

// Of conv2d_fused.
constexpr size_t kWeight = 1, kBias = 2, kResidual = 3;
// Of longer strides most rows would be expanded for nothing.
constexpr int64_t kMostStride = 8;
constexpr size_t kStride = 0, kPadding = 1, kDilation = 2, kGroups = 3, kActivation = 4, kAlgorithm = 5;

class BlockFuser {
 public:
  explicit BlockFuser(Graph& graph) : graph_(graph), links_(graph) {}

  // Whether the projection became a block.
  bool fuse(Node& project) {
    if (!is_pointwise(project)) return false;
    Node* depthwise = links_.sole(project.inputs[0], "conv2d_fused");
    if (!depthwise || !is_depthwise(*depthwise)) return false;
    Node* expand = links_.sole(depthwise->inputs[0], "conv2d_fused");
    if (expand && (!is_pointwise(*expand) || expand->operand(kResidual) != kNoValue)) expand = nullptr;
    InvertedResidualShape block{.expands = expand != nullptr, .depthwise = shape_of(*depthwise), .project = shape_of(project)};
    if (expand) block.expand = shape_of(*expand);
    if (!inverted_residual_pays(default_exec(), block)) return false;
    const auto operand = [&](const Node* node, size_t i) { return node ? node->operand(i) : kNoValue; };
    const auto activation = [&](const Node* node) { return node ? node->attrs.string(kActivation) : std::string(); };
    project.inputs = {expand ? expand->inputs[0] : depthwise->inputs[0], depthwise->inputs[kWeight], project.inputs[kWeight], operand(expand, kWeight),
                      operand(expand, kBias), depthwise->operand(kBias), project.operand(kBias), project.operand(kResidual)};
    project.attrs = Attrs{depthwise->attrs.ints(kStride), depthwise->attrs.ints(kPadding), activation(expand), activation(depthwise), activation(&project)};
    project.op = &op_of<"inverted_residual">();
    depthwise->op = nullptr;
    if (expand) expand->op = nullptr;
    return true;
  }

 private:
  const Dims& shape(ValueId id) const { return graph_.values[id].shape; }

  static bool is_one(const Dims& dims) { return dims == Dims{1, 1} || dims == Dims{1}; }
  static bool is_zero(const Dims& dims) { return dims == Dims{0, 0} || dims == Dims{0}; }

  // With weights that can be packed, and the fixed algorithm, which is the direct one.
  bool is_convolution(const Node& node) const {
    return node.is("conv2d_fused") && graph_.is_constant(node.inputs[kWeight]) && is_one(node.attrs.ints(kDilation)) &&
           node.attrs.string(kAlgorithm).empty();
  }

  bool is_pointwise(const Node& node) const {
    if (!is_convolution(node) || node.attrs.integer(kGroups) != 1) return false;
    const Dims& weight = shape(node.inputs[kWeight]);
    return weight.size() == 4 && weight[2] == 1 && weight[3] == 1 && is_one(node.attrs.ints(kStride)) && is_zero(node.attrs.ints(kPadding));
  }

  bool is_depthwise(const Node& node) const {
    if (!is_convolution(node) || node.operand(kResidual) != kNoValue) return false;
    const Dims& stride = node.attrs.ints(kStride);
    if (std::max(stride[0], stride.back()) > kMostStride) return false;
    const int64_t groups = node.attrs.integer(kGroups), channels = shape(node.inputs[0])[1];
    return groups > 1 && groups == channels && shape(node.outputs[0])[1] == channels;
  }

  ConvShape shape_of(const Node& node) const {
    const Attrs& a = node.attrs;
    return conv_shape(conv_geometry(*node.op, shape(node.inputs[0]), shape(node.inputs[kWeight]), a.ints(kStride), a.ints(kPadding), a.ints(kDilation), a.integer(kGroups)));
  }

  Graph& graph_;
  Links links_;
};

}  // namespace

int fuse_inverted_residual(Graph& graph) {
  BlockFuser fuser(graph);
  return rewrite_each(graph, [&](Node& node) { return fuser.fuse(node); });
}

}  // namespace keima::compiler
