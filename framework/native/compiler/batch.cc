// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch.h"

#include <algorithm>
#include <map>

namespace keima::compiler {
namespace {

// One node as the rules see it. A rule says in words what stands in the way, or nothing.
struct Applied {
  const Graph& graph;
  const Node& node;
  const std::vector<bool>& batched;
  int64_t samples;

  size_t arity() const { return node.inputs.size(); }
  bool has(size_t i) const { return i < arity() && node.inputs[i] != kNoValue; }
  bool is_batched(size_t i) const { return has(i) && batched[node.inputs[i]]; }
  const Dims& in(size_t i) const { return graph.values[node.inputs[i]].shape; }
  const Dims& out() const { return graph.values[node.outputs[0]].shape; }
  const AttrValue& attr(std::string_view name) const { return node.attrs[node.op->attr(name)]; }
};

using Obstacle = const char*;
using Rule = Obstacle (*)(const Applied&);

// Batched operands have all dimensions of the result; the others have no first dimension of their own.
Obstacle elementwise(const Applied& a) {
  for (size_t i = 0; i < a.arity(); ++i) {
    const bool full = a.in(i).size() == a.out().size();
    if (a.is_batched(i) && !full) return "broadcasting moves the samples from the first dimension";
    if (!a.is_batched(i) && full && a.in(i)[0] != 1) return "an operand holds something for each sample";
  }
  return nullptr;
}

// Operand 0 is batched, of at least `dims` dimensions; of the others, those in `like` if they are there.
template <int dims, size_t like = 0>
Obstacle samples_of_first(const Applied& a) {
  if (!a.is_batched(0) || a.in(0).size() < dims) return "its first operand does not hold samples";
  for (size_t i = 1; i < a.arity(); ++i)
    if (a.has(i) && a.is_batched(i) != (i == like)) return "its operands hold samples in another way";
  return nullptr;
}

// With a residual that holds samples, or without.
template <int dims, size_t residual>
Obstacle fused(const Applied& a) {
  return a.has(residual) ? samples_of_first<dims, residual>(a) : samples_of_first<dims>(a);
}

Obstacle matmul(const Applied& a) {
  const bool first = a.is_batched(0), second = a.is_batched(1);
  const int ndim = std::max(a.in(0).size(), a.in(1).size());
  if (first && !second && a.in(0).size() == 2 && a.in(1).size() <= 2) return std::get<bool>(a.attr("transpose_a")) ? "its samples are columns" : nullptr;
  for (size_t i : {0, 1}) {
    if (a.is_batched(i) && (a.in(i).size() != ndim || ndim < 3)) return "its samples are not matrices of a batch";
    if (!a.is_batched(i) && a.in(i).size() == ndim && a.in(i)[0] != 1) return "an operand holds a matrix for each sample";
  }
  return nullptr;
}

Obstacle all_batched(const Applied& a) {
  for (size_t i = 0; i < a.arity(); ++i)
    if (!a.is_batched(i)) return "an operand holds no samples";
  return nullptr;
}

Obstacle layer_norm(const Applied& a) {
  if (std::get<int64_t>(a.attr("dims")) >= a.in(0).size()) return "it mixes samples";
  return samples_of_first<2>(a);
}

int64_t from_start(int64_t axis, int ndim) { return axis < 0 ? axis + ndim : axis; }

Obstacle along_axis(const Applied& a) { return from_start(std::get<int64_t>(a.attr("axis")), a.in(0).size()) == 0 ? "it mixes samples" : samples_of_first<1>(a); }

Obstacle reduction(const Applied& a) {
  const auto* axes = std::get_if<Dims>(&a.attr("axis"));
  const bool mixes = !axes || std::any_of(axes->begin(), axes->end(), [&](int64_t axis) { return from_start(axis, a.in(0).size()) == 0; });
  return mixes ? "it mixes samples" : nullptr;
}

// What is the same for all samples can be read again for each, where it stands for one (a class token).
Obstacle concat(const Applied& a) {
  if (from_start(std::get<int64_t>(a.attr("axis")), a.in(0).size()) == 0) return "it joins samples";
  return a.samples == 1 ? nullptr : all_batched(a);
}

Obstacle transpose(const Applied& a) { return from_start(std::get<Dims>(a.attr("pattern"))[0], a.in(0).size()) == 0 ? nullptr : "it moves the samples from the first dimension"; }

Obstacle reshape(const Applied& a) {
  return !a.out().empty() && a.out()[0] % a.samples == 0 ? nullptr : "it divides samples";
}

Obstacle broadcast(const Applied& a) {
  return a.in(0).size() == a.out().size() && a.in(0)[0] == a.out()[0] ? nullptr : "broadcasting moves the samples from the first dimension";
}

Obstacle slice(const Applied& a) {
  const bool whole = std::get<Dims>(a.attr("starts"))[0] == 0 && std::get<Dims>(a.attr("sizes"))[0] == a.in(0)[0] && std::get<Dims>(a.attr("steps"))[0] == 1;
  return whole ? nullptr : "it picks samples";
}

// Rows of a table by numbers of each sample.
Obstacle take_rows(const Applied& a) { return a.is_batched(0) || !a.is_batched(1) ? "it picks samples" : nullptr; }

Obstacle always(const Applied&) { return nullptr; }

const std::map<std::string_view, Rule>& rules() {
  static const std::map<std::string_view, Rule> known{
      {"conv2d", samples_of_first<4>}, {"max_pool2d", samples_of_first<4>}, {"avg_pool2d", samples_of_first<4>},
      {"conv2d_fused", fused<4, 3>}, {"linear_fused", fused<2, 3>}, {"inverted_residual", fused<4, 7>},
      {"matmul", matmul}, {"attention", all_batched}, {"channel_shuffle", all_batched}, {"layer_norm", layer_norm},
      {"softmax", along_axis}, {"log_softmax", along_axis}, {"logsumexp", along_axis}, {"cumsum", along_axis},
      {"sum", reduction}, {"mean", reduction}, {"max", reduction}, {"min", reduction}, {"prod", reduction},
      {"argmax", reduction}, {"argmin", reduction}, {"concat", concat}, {"transpose", transpose}, {"reshape", reshape},
      {"broadcast_to", broadcast}, {"slice", slice}, {"take_rows", take_rows}, {"cast", always}, {"one_hot", always}, {"ravel_index", elementwise}};
  return known;
}

Obstacle obstacle_at(const Applied& a) {
  if (a.node.op->elementwise >= 0) return elementwise(a);
  const auto rule = rules().find(a.node.op->name);
  return rule == rules().end() ? "nothing is known about the samples of its result" : rule->second(a);
}

}  // namespace

BatchedValues find_batched(const Graph& graph) {
  BatchedValues found{.batched = std::vector<bool>(graph.values.size())};
  if (graph.inputs.empty() || graph.values[graph.inputs[0]].shape.empty() || graph.values[graph.inputs[0]].shape[0] < 1)
    return {0, std::move(found.batched), "its first input has no dimension of samples"};
  found.samples = graph.values[graph.inputs[0]].shape[0];
  for (const ValueId id : graph.inputs) {
    const Dims& shape = graph.values[id].shape;
    found.batched[id] = !shape.empty() && shape[0] == found.samples;
  }
  for (const Node& node : graph.nodes) {
    const Applied applied{graph, node, found.batched, found.samples};
    bool reads = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) reads = reads || applied.is_batched(i);
    if (!reads) continue;
    if (const Obstacle obstacle = obstacle_at(applied)) {
      found.obstacle = text(to_text(graph, node), ": ", obstacle);
      return found;
    }
    for (const ValueId id : node.outputs) found.batched[id] = true;
  }
  for (const ValueId id : graph.outputs)
    if (!found.batched[id]) found.obstacle = "an output holds no samples";
  return found;
}

}  // namespace keima::compiler
