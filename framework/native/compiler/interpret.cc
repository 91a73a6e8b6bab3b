// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/interpret.h"

#include "ops/execute.h"

namespace keima::compiler {

void check_inputs(std::span<const TensorDesc> expected, std::span<const Tensor> inputs) {
  if (inputs.size() != expected.size()) fail(ErrorKind::kValue, "graph: expected ", expected.size(), " inputs, got ", inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorDesc& desc = expected[i];
    if (!(inputs[i].shape() == desc.shape)) fail(ErrorKind::kShape, "graph: input ", i, ": expected shape ", desc.shape, ", got ", inputs[i].shape());
    if (!(inputs[i].dtype() == desc.dtype)) fail(ErrorKind::kDtype, "graph: input ", i, ": expected ", desc.dtype, ", got ", inputs[i].dtype());
  }
}

std::vector<Tensor> interpret(const Graph& graph, std::span<const Tensor> inputs) {
  std::vector<TensorDesc> expected;
  for (const ValueId id : graph.inputs) expected.push_back(graph.values[id]);
  check_inputs(expected, inputs);
  std::vector<Tensor> values(graph.values.size());
  for (size_t i = 0; i < inputs.size(); ++i) values[graph.inputs[i]] = inputs[i];
  for (const auto& [id, tensor] : graph.constants) values[id] = tensor;
  std::vector<int> uses = use_counts(graph);
  for (const Node& node : graph.nodes) {
    TensorList operands;
    uint32_t donated = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) {
        operands.push_back({});
        continue;
      }
      // The last use gives the memory up; Tensor::unique() still protects what inputs and constants share.
      const bool last = --uses[id] == 0;
      operands.push_back(last ? std::move(values[id]) : values[id]);
      if (last && i < 32) donated |= 1U << i;
    }
    TensorList outputs = execute(*node.op, operands, node.attrs, donated);
    for (size_t i = 0; i < outputs.size(); ++i)
      if (uses[node.outputs[i]] > 0) values[node.outputs[i]] = std::move(outputs[i]);
  }
  std::vector<Tensor> results;
  for (const ValueId id : graph.outputs) results.push_back(values[id]);
  return results;
}

}  // namespace keima::compiler
