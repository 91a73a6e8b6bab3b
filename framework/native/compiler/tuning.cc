// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/tuning.h"

#include <algorithm>
#include <chrono>

#include "compiler/program.h"

namespace keima::compiler {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRuns = 5;
// Another algorithm must be this much faster than the fixed choice: less is noise.
constexpr double kWorthwhile = 0.95;

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

Attrs with_algorithm(const Node& node, const std::string& algorithm) { return node.attrs.with(node.op->attr("algorithm"), algorithm); }

std::vector<std::string> offered(const Graph& graph, const Node& node) {
  if (!node.op->algorithms) return {};
  std::vector<Tensor> operands;
  for (const ValueId id : node.inputs) operands.push_back(id == kNoValue ? Tensor() : Tensor::abstract(graph.values[id].shape, graph.values[id].dtype));
  return node.op->algorithms(OpCall{*node.op, operands, node.attrs});
}

// Ones: what is multiplied does not matter, but denormal numbers would be slow.
Tensor ones(const TensorDesc& desc) {
  Tensor tensor = Tensor::empty(desc.shape, desc.dtype);
  std::fill_n(tensor.data<float>(), tensor.numel(), 1.0F);
  return tensor;
}

// The node by itself, its constants packed for the algorithm.
double measure(const Graph& graph, const Node& node, const std::string& algorithm, int64_t memory_limit) {
  Graph alone;
  Node copy{node.op, with_algorithm(node, algorithm), {}, {}};
  std::vector<Tensor> inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) {
      copy.inputs.push_back(kNoValue);
      continue;
    }
    copy.inputs.push_back(alone.add_value(graph.values[id]));
    if (const auto constant = graph.constants.find(id); constant != graph.constants.end()) {
      alone.constants.emplace(copy.inputs.back(), constant->second);
    } else {
      alone.inputs.push_back(copy.inputs.back());
      inputs.push_back(ones(graph.values[id]));
    }
  }
  for (const ValueId id : node.outputs) copy.outputs.push_back(alone.add_value(graph.values[id]));
  alone.outputs = copy.outputs;
  alone.nodes.push_back(std::move(copy));
  const Program program(alone, memory_limit);
  program.run(inputs);
  double best = 1e30;
  for (int i = 0; i < kRuns; ++i) {
    const Clock::time_point begun = Clock::now();
    program.run(inputs);
    best = std::min(best, seconds_since(begun));
  }
  return best;
}

Measured measure_all(const Graph& graph, const Node& node, const std::vector<std::string>& choices, int64_t memory_limit) {
  Measured measured{key_of(graph, node), {}, choices[0]};
  for (const std::string& algorithm : choices) measured.seconds[algorithm] = measure(graph, node, algorithm, memory_limit);
  for (const auto& [algorithm, seconds] : measured.seconds)
    if (seconds < kWorthwhile * measured.seconds[choices[0]] && seconds < measured.seconds[measured.picked]) measured.picked = algorithm;
  return measured;
}

bool contains(const std::vector<std::string>& choices, const std::string& algorithm) { return std::find(choices.begin(), choices.end(), algorithm) != choices.end(); }

}  // namespace

std::string key_of(const Graph& graph, const Node& node) {
  std::string key = node.op->name;
  for (const ValueId id : node.inputs) key += id == kNoValue ? " none" : text(" ", graph.values[id].dtype, graph.values[id].shape);
  const size_t open = node.op->attr("algorithm");
  for (size_t i = 0; i < node.attrs.size(); ++i)
    if (i != open) key += " " + node.op->attrs[i].name + "=" + to_text(node.attrs[i]);
  return key;
}

std::vector<Measured> pick_algorithms(Graph& graph, const Tuning& tuning, int64_t memory_limit) {
  std::vector<Measured> measured;
  std::map<std::string, std::string> picked = tuning.known;
  const Clock::time_point begun = Clock::now();
  for (Node& node : graph.nodes) {
    const std::vector<std::string> choices = offered(graph, node);
    if (choices.size() < 2 || !std::get<std::string>(node.attrs[node.op->attr("algorithm")]).empty()) continue;
    const std::string key = key_of(graph, node);
    const auto known = picked.find(key);
    if (known == picked.end() || !contains(choices, known->second)) {
      if (seconds_since(begun) >= tuning.seconds) continue;
      measured.push_back(measure_all(graph, node, choices, memory_limit));
      picked[key] = measured.back().picked;
    }
    node.attrs = with_algorithm(node, picked[key]);
  }
  return measured;
}

}  // namespace keima::compiler
