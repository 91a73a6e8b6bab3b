// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/ir.h"

#include <charconv>
#include <sstream>

#include "ops/execute.h"

namespace keima::compiler {

ValueId Graph::add_value(TensorDesc desc) {
  values.push_back(std::move(desc));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_constant(const Tensor& tensor) {
  const ValueId id = add_value({tensor.shape(), tensor.dtype()});
  constants.emplace(id, tensor);
  return id;
}

std::vector<int> use_counts(const Graph& graph) {
  std::vector<int> counts(graph.values.size());
  for (const Node& node : graph.nodes)
    for (const ValueId id : node.inputs)
      if (id != kNoValue) ++counts[id];
  for (const ValueId id : graph.outputs) ++counts[id];
  return counts;
}

std::vector<int> producers(const Graph& graph) {
  std::vector<int> makers(graph.values.size(), -1);
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    for (const ValueId id : graph.nodes[i].outputs) makers[id] = static_cast<int>(i);
  return makers;
}

bool equal(const Attrs& a, const Attrs& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (!(a[i] == b[i])) return false;
  return true;
}

std::string to_text(const AttrValue& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "none"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::string& string) const { return '"' + string + '"'; }
    std::string operator()(int64_t number) const { return text(number); }
    // As many digits as tell it from its neighbours: passes compare nodes by their text.
    std::string operator()(double number) const {
      char buffer[32];
      return {buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr};
    }
    std::string operator()(const Dims& dims) const { return text(dims); }
    std::string operator()(const DType& dtype) const { return text(dtype); }
  };
  return std::visit(Visitor{}, value);
}

std::string to_text(const Graph&, const Node& node) {
  std::ostringstream out;
  out << node.op->name << '(';
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (i) out << ", ";
    if (node.inputs[i] == kNoValue) out << "none";
    else out << '%' << node.inputs[i];
  }
  out << ')';
  for (size_t i = 0; i < node.attrs.size(); ++i)
    out << (i ? ", " : " {") << node.op->attrs[i].name << '=' << to_text(node.attrs[i]) << (i + 1 == node.attrs.size() ? "}" : "");
  return out.str();
}

std::string to_text(const Graph& graph) {
  std::ostringstream out;
  const auto value = [&](ValueId id) -> std::ostream& {
    const TensorDesc& desc = graph.values[id];
    out << '%' << id << ": " << desc.dtype << desc.shape;
    if (const auto name = graph.names.find(id); name != graph.names.end()) out << " \"" << name->second << '"';
    return out;
  };
  for (const ValueId id : graph.inputs) value(id) << " = input\n";
  for (const auto& [id, tensor] : graph.constants) value(id) << " = constant\n";
  for (const Node& node : graph.nodes) {
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (i) out << ", ";
      value(node.outputs[i]);
    }
    out << " = " << to_text(graph, node) << '\n';
  }
  out << "return";
  for (size_t i = 0; i < graph.outputs.size(); ++i) out << (i ? ", %" : " %") << graph.outputs[i];
  out << '\n';
  return out.str();
}

namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph), made_(graph.values.size()) {}

  void run() {
    for (const ValueId id : graph_.inputs) make(id, "an input");
    for (const auto& [id, tensor] : graph_.constants) {
      make(id, "a constant");
      if (!(tensor.shape() == graph_.values[id].shape) || !(tensor.dtype() == graph_.values[id].dtype))
        fail(ErrorKind::kRuntime, "graph: constant %", id, " is ", tensor.dtype(), tensor.shape(), ", its value says ", graph_.values[id].dtype,
             graph_.values[id].shape);
    }
    for (const Node& node : graph_.nodes) check(node);
    for (const ValueId id : graph_.outputs) use(id, "return");
  }

 private:
  void make(ValueId id, const std::string& by) {
    if (id >= made_.size()) fail(ErrorKind::kRuntime, "graph: ", by, " makes %", id, ", but there are ", made_.size(), " values");
    if (made_[id]) fail(ErrorKind::kRuntime, "graph: ", by, " makes %", id, ", which is made already");
    made_[id] = true;
  }
  void use(ValueId id, const std::string& by) const {
    if (id >= made_.size() || !made_[id]) fail(ErrorKind::kRuntime, "graph: ", by, " reads %", id, " before it is made");
  }

  void check_operands(const Node& node, const std::string& name) const {
    const size_t required = node.op->variadic ? node.inputs.size() : node.op->inputs.size() - static_cast<size_t>(node.op->optional_inputs);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != kNoValue) use(node.inputs[i], name);
      else if (i < required) fail(ErrorKind::kRuntime, "graph: ", name, " lacks operand ", i);
    }
  }

  void check(const Node& node) {
    const std::string name = to_text(graph_, node);
    std::vector<Tensor> inputs;
    check_operands(node, name);
    for (const ValueId id : node.inputs) {
      inputs.push_back(id == kNoValue ? Tensor() : Tensor::abstract(graph_.values[id].shape, graph_.values[id].dtype));
    }
    const DescList descs = infer(*node.op, inputs, node.attrs);
    if (descs.size() != node.outputs.size()) fail(ErrorKind::kRuntime, "graph: ", name, " has ", node.outputs.size(), " results, expected ", descs.size());
    for (size_t i = 0; i < descs.size(); ++i) {
      make(node.outputs[i], name);
      checked_numel(descs[i].shape);
      const TensorDesc& said = graph_.values[node.outputs[i]];
      if (!(said.shape == descs[i].shape) || !(said.dtype == descs[i].dtype))
        fail(ErrorKind::kRuntime, "graph: ", name, " gives ", descs[i].dtype, descs[i].shape, ", the graph says ", said.dtype, said.shape);
    }
  }

  const Graph& graph_;
  std::vector<bool> made_;
};

}  // namespace

void verify(const Graph& graph) { Verifier(graph).run(); }

}  // namespace keima::compiler
