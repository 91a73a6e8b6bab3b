// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/cost.h"

namespace keima::compiler {

NodeCost cost_of(const Graph& graph, const Node& node) {
  const auto sized = [&](ValueId id) {
    return id == kNoValue ? Sized{} : Sized{&graph.values[id].shape, graph.values[id].dtype.itemsize()};
  };
  SizedList inputs, outputs;
  for (const ValueId id : node.inputs) inputs.push_back(sized(id));
  for (const ValueId id : node.outputs) outputs.push_back(sized(id));
  NodeCost cost{keima::cost_of(*node.op, node.attrs, inputs, outputs)};
  for (const ValueId id : node.inputs)
    if (id != kNoValue && graph.is_constant(id)) cost.weights += sized(id).bytes();
  return cost;
}

}  // namespace keima::compiler
