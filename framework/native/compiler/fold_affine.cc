// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fold_affine.h"

#include "compiler/rewrite.h"
#include "ops/execute.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

Tensor compute(const char* name, std::initializer_list<Tensor> inputs, const Attrs& attrs = {}) {
  return execute(Registry::instance().get(name), std::span(inputs.begin(), inputs.size()), attrs)[0];
}

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

}  // namespace

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

}  // namespace keima::compiler
