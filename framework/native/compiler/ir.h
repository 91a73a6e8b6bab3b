// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The graph of a traced function in static single assignment: every value is made once, by an input, a constant or a
// node, and nodes stand in an order in which they can run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ops/registry.h"

namespace keima::compiler {

using ValueId = uint32_t;
// Stands for an operand that was left out.
inline constexpr ValueId kNoValue = UINT32_MAX;

struct Node {
  const Op* op = nullptr;
  Attrs attrs;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  bool backward = false;  // applied by a pass of autodiff, or moved into it; files do not keep it

  bool is(std::string_view name) const { return op && op->name == name; }
  // kNoValue for one that was left out, which at the end needs no place in `inputs`.
  ValueId operand(size_t i) const { return i < inputs.size() ? inputs[i] : kNoValue; }
  void set_operand(size_t i, ValueId id) {
    if (inputs.size() <= i) inputs.resize(i + 1, kNoValue);
    inputs[i] = id;
  }
};

struct Graph {
  std::vector<TensorDesc> values;  // by id; ids that passes left unused stay
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::map<ValueId, Tensor> constants;
  std::vector<Node> nodes;
  std::map<ValueId, std::string> names;  // of constants and other values that have one
  // By position, unlike `names`, since one value may be several inputs' or outputs'; empty: they have none.
  std::vector<std::string> input_names, output_names;

  ValueId add_value(TensorDesc desc);
  ValueId add_constant(const Tensor& tensor);
  bool is_constant(ValueId id) const { return constants.contains(id); }
};

// How many operands and outputs each value serves.
std::vector<int> use_counts(const Graph& graph);
// Which node makes each value; -1: an input, a constant or nothing.
std::vector<int> producers(const Graph& graph);

bool equal(const Attrs& a, const Attrs& b);
std::string to_text(const AttrValue& value);
// "conv2d(%0, %3, none) {stride=(1, 1), groups=1}"
std::string to_text(const Graph& graph, const Node& node);
std::string to_text(const Graph& graph);

// Checks that every value is made once and before it is used, and that shapes and dtypes are those that the ops infer;
// throws Error(kRuntime) that names the node. Run after every pass in tests, and on graphs from files.
void verify(const Graph& graph);

}  // namespace keima::compiler
