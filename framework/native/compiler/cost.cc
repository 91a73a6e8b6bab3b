// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/cost.h"

#include <algorithm>

namespace keima::compiler {
namespace {

double count(const Dims& shape) {
  double product = 1;
  for (const int64_t size : shape) product *= static_cast<double>(size);
  return product;
}

class Counter {
 public:
  Counter(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  double flops() const {
    const std::string& name = node_.op->name;
    if (node_.op->view) return 0;
    if (name.starts_with("conv2d")) return convolution(name);
    if (name == "matmul" || name == "linear_fused") return product(name == "matmul" && node_.attrs.flag(0));
    if (name.find("pool2d") != std::string::npos) return pooling();
    return std::max(elements(node_.inputs), elements(node_.outputs));
  }

 private:
  const Dims& shape(ValueId id) const { return graph_.values[id].shape; }

  double elements(const std::vector<ValueId>& ids) const {
    double most = 0;
    for (const ValueId id : ids)
      if (id != kNoValue) most = std::max(most, count(shape(id)));
    return most;
  }

  // Every element of the convolution's result (or of its gradient) meets every weight of its output channel.
  double convolution(const std::string& name) const {
    const bool data = name == "conv2d_backward_data", weight = name == "conv2d_backward_weight";
    const Dims& result = shape(data || weight ? node_.inputs[1] : node_.outputs[0]);
    const Dims& weights = shape(data ? node_.inputs[0] : weight ? node_.outputs[0] : node_.inputs[1]);
    const double channels = static_cast<double>(std::max<int64_t>(result[1], 1));
    return 2 * count(result) * count(weights) / channels;
  }

  double product(bool transposed) const {
    const Dims &a = shape(node_.inputs[0]), &out = shape(node_.outputs[0]);
    const int inner = transposed && a.size() > 1 ? a.size() - 2 : a.size() - 1;
    return 2 * count(out) * static_cast<double>(a[inner]);
  }

  double pooling() const {
    const Dims& window = node_.attrs.ints(0);
    const double taps = static_cast<double>(window[0]) * static_cast<double>(window.back());
    const double pooled = std::min(elements(node_.inputs), elements(node_.outputs));
    return taps * std::max(pooled, 1.0);
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

Cost cost_of(const Graph& graph, const Node& node) {
  Cost cost{.flops = Counter(graph, node).flops()};
  const auto bytes = [&](ValueId id) { return graph.values[id].shape.numel() * graph.values[id].dtype.itemsize(); };
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    cost.bytes_in += bytes(id);
    if (graph.is_constant(id)) cost.weights += bytes(id);
  }
  for (const ValueId id : node.outputs) cost.bytes_out += bytes(id);
  return cost;
}

}  // namespace keima::compiler
