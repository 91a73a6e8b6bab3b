// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "mutate.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "compiler/graph_file.h"
#include "graphs.h"

namespace keima::compiler {
namespace {

constexpr std::array kOddReals{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};

DType dtype(Random& random) { return static_cast<ScalarType>(pick(random, 9)); }

Dims dims(Random& random, Dims given) {
  if (chance(random, 20) && given.size() < kMaxDims) given.insert(static_cast<int>(pick(random, static_cast<size_t>(given.size()) + 1)), odd_number(random));
  if (chance(random, 15) && given.size() > 0) given.erase(static_cast<int>(pick(random, static_cast<size_t>(given.size()))));
  if (given.size() > 0) given[static_cast<int>(pick(random, static_cast<size_t>(given.size())))] = odd_number(random);
  if (chance(random, 10)) std::reverse(&given[0], &given[0] + given.size());
  return given;
}

AttrValue attribute(Random& random, const AttrDecl& decl, const AttrValue& now) {
  if (decl.fallback && chance(random, 10)) return *decl.fallback;
  switch (decl.type) {
    case AttrType::kBool: return chance(random, 50);
    case AttrType::kInt: return odd_number(random);
    case AttrType::kFloat: return chance(random, 20) ? kOddReals[pick(random, kOddReals.size())] : static_cast<double>(odd_number(random)) / 3;
    case AttrType::kString: return std::string(std::array{"", "relu", "relu6", "gelu", "\"\\"}[pick(random, 5)]);
    case AttrType::kInts: return std::holds_alternative<Dims>(now) ? dims(random, std::get<Dims>(now)) : Dims{odd_number(random), odd_number(random)};
    case AttrType::kDtype: return dtype(random);
  }
  return std::monostate{};
}

const Op& any_op(Random& random) {
  const auto& all = Registry::instance().all();
  auto at = all.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(pick(random, all.size())));
  return *at->second;
}

class Mutator {
 public:
  Mutator(Graph graph, Random& random) : graph_(std::move(graph)), random_(random) {}

  Graph run() {
    const size_t changes = 1 + pick(random_, 4);
    for (size_t i = 0; i < changes; ++i) change();
    if (chance(random_, 85)) mend();
    return std::move(graph_);
  }

 private:
  void change() {
    switch (pick(random_, 10)) {
      case 0:
      case 1: return change_attribute();
      case 2: return change_op();
      case 3:
      case 4: return change_operand();
      case 5: return change_input();
      case 6: return change_constant();
      case 7: return change_nodes();
      case 8: return stretch();
      default: return change_outputs();
    }
  }

  Node* any_node() { return graph_.nodes.empty() ? nullptr : &graph_.nodes[pick(random_, graph_.nodes.size())]; }
  ValueId any_value() { return static_cast<ValueId>(pick(random_, graph_.values.size())); }

  void change_attribute() {
    Node* node = any_node();
    if (!node || node->attrs.size() == 0) return;
    const size_t at = pick(random_, node->attrs.size());
    std::vector<AttrValue> values;
    for (size_t i = 0; i < node->attrs.size(); ++i) values.push_back(i == at ? attribute(random_, node->op->attrs[i], node->attrs[i]) : node->attrs[i]);
    node->attrs = Attrs(std::move(values));
  }

  void change_op() {
    Node* node = any_node();
    if (!node) return;
    node->op = &any_op(random_);
    std::vector<AttrValue> values;
    static const AttrValue none;
    for (const AttrDecl& decl : node->op->attrs) values.push_back(attribute(random_, decl, decl.fallback ? *decl.fallback : none));
    node->attrs = Attrs(std::move(values));
    if (!node->op->variadic) node->inputs.resize(node->op->inputs.size(), any_value());
  }

  void change_operand() {
    Node* node = any_node();
    if (!node || node->inputs.empty()) return;
    node->inputs[pick(random_, node->inputs.size())] = chance(random_, 10) ? kNoValue : any_value();
  }

  void change_input() {
    if (graph_.inputs.empty()) return;
    TensorDesc& desc = graph_.values[graph_.inputs[pick(random_, graph_.inputs.size())]];
    if (chance(random_, 50)) desc.dtype = dtype(random_);
    else desc.shape = dims(random_, desc.shape);
  }

  // Images and windows so wide that products of their sizes do not fit, though each size does and they go together.
  void stretch() {
    const auto wide = [&] { return int64_t{1} << pick(random_, 30); };
    for (const ValueId id : graph_.inputs) {
      Dims& shape = graph_.values[id].shape;
      if (shape.size() == 4 && chance(random_, 30)) shape[static_cast<int>(pick(random_, 4))] = wide();
    }
    for (Node& node : graph_.nodes) {
      const auto at = [&](std::string_view name) { return std::find_if(node.op->attrs.begin(), node.op->attrs.end(), [&](const AttrDecl& decl) { return decl.name == name; }); };
      const auto padding = at("padding"), other = at(chance(random_, 50) ? "dilation" : "stride");
      if (padding == node.op->attrs.end() || other == node.op->attrs.end()) continue;
      const Dims border{wide(), wide()};
      node.attrs = node.attrs.with(static_cast<size_t>(padding - node.op->attrs.begin()), border);
      if (chance(random_, 80)) node.attrs = node.attrs.with(static_cast<size_t>(other - node.op->attrs.begin()), border);
    }
  }

  // A tensor of another shape or dtype, small enough to be in a file.
  void change_constant() {
    if (graph_.constants.empty()) return;
    auto at = graph_.constants.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(pick(random_, graph_.constants.size())));
    TensorDesc& desc = graph_.values[at->first];
    const Dims shape = chance(random_, 50) ? desc.shape : dims(random_, desc.shape);
    int64_t count = 1;
    for (const int64_t size : shape)
      if (size < 0 || size > 4096 || (count *= size) > 1 << 16) return;
    desc = {shape, chance(random_, 50) ? desc.dtype : dtype(random_)};
    at->second = Tensor::empty(desc.shape, desc.dtype);
    // A bool of 2 is none.
    std::memset(at->second.raw(), static_cast<int>(pick(random_, 3)), static_cast<size_t>(count * desc.dtype.itemsize()));
  }

  void change_nodes() {
    Node* node = any_node();
    if (!node) return;
    const auto at = node - graph_.nodes.data();
    switch (pick(random_, 3)) {
      case 0: graph_.nodes.erase(graph_.nodes.begin() + at); return;
      case 1: std::swap(*node, *any_node()); return;
      default:
        Node copy = *node;
        for (ValueId& id : copy.outputs) id = graph_.add_value(graph_.values[id]);
        graph_.nodes.insert(graph_.nodes.begin() + at + 1, std::move(copy));
    }
  }

  void change_outputs() {
    if (chance(random_, 50)) graph_.outputs.push_back(any_value());
    else if (!graph_.outputs.empty()) graph_.outputs[pick(random_, graph_.outputs.size())] = any_value();
  }

  // Nodes whose operands are not made, or whose shapes cannot be inferred, go; the others' results are as inferred.
  void mend() {
    std::vector<bool> made(graph_.values.size());
    std::vector<ValueId> known(graph_.inputs);
    for (const auto& [id, tensor] : graph_.constants) known.push_back(id);
    for (const ValueId id : known) made[id] = true;
    std::vector<Node> kept;
    for (Node& node : graph_.nodes) {
      for (ValueId& id : node.inputs)
        if (id != kNoValue && !made[id] && !known.empty()) id = known[pick(random_, known.size())];
      if (!infer_again(node)) continue;
      made.resize(graph_.values.size());
      for (const ValueId id : node.outputs) made[id] = true;
      known.insert(known.end(), node.outputs.begin(), node.outputs.end());
      kept.push_back(std::move(node));
    }
    graph_.nodes = std::move(kept);
    for (ValueId& id : graph_.outputs)
      if (!made[id] && !known.empty()) id = known[known.size() - 1 - pick(random_, std::min<size_t>(known.size(), 3))];
  }

  // As loaders do, before a shape from a file is used.
  static Tensor abstract(const TensorDesc& desc) {
    checked_numel(desc.shape);
    return Tensor::abstract(desc.shape, desc.dtype);
  }

  bool infer_again(Node& node) {
    try {
      std::vector<Tensor> tensors;
      for (const ValueId id : node.inputs) tensors.push_back(id == kNoValue ? Tensor() : abstract(graph_.values[id]));
      const size_t required = node.op->variadic ? tensors.size() : node.op->inputs.size() - static_cast<size_t>(node.op->optional_inputs);
      for (size_t i = 0; i < std::min(required, tensors.size()); ++i)
        if (!tensors[i]) return false;
      const DescList descs = infer(*node.op, tensors, node.attrs);
      node.outputs.clear();
      for (const TensorDesc& desc : descs) node.outputs.push_back(graph_.add_value(desc));
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  Graph graph_;
  Random& random_;
};

}  // namespace

std::string file_of(const Graph& graph) {
  std::string file;
  write_graph(graph, [&](std::span<const std::byte> piece) { file.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
  return file;
}

Graph mutated_graph(const Graph& graph, Random& random) { return Mutator(graph, random).run(); }

}  // namespace keima::compiler
