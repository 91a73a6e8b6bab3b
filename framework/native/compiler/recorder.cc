// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/recorder.h"

#include <atomic>
#include <cstring>

#include "ops/layout.h"

namespace keima::compiler {
namespace {

uint32_t next_trace() {
  static std::atomic<uint32_t> trace{0};
  return trace.fetch_add(1, std::memory_order_relaxed) + 1;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a == b) return true;
  if (!(a.shape() == b.shape()) || !(a.dtype() == b.dtype())) return false;
  const Tensor x = to_contiguous(to_plain(a)), y = to_contiguous(to_plain(b));
  return std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.numel() * x.dtype().itemsize())) == 0;
}

}  // namespace

Recorder::Recorder(bool executes, const Graph* expected) : trace_(next_trace()), executes_(executes), expected_(expected) {}

void Recorder::obstruct(const std::string& reason) {
  if (obstacle_.empty()) obstacle_ = reason;
}

ValueId Recorder::add_input(const Tensor& tensor) {
  const ValueId id = graph_.add_value({tensor.shape(), tensor.dtype()});
  graph_.inputs.push_back(id);
  tensor.mark(trace_, id);
  return id;
}

ValueId Recorder::add_constant(const Tensor& tensor) {
  const ValueId id = graph_.add_constant(tensor);
  tensor.mark(trace_, id);
  if (expected_) compare_constant(id);
  return id;
}

void Recorder::applied(const Op& op, const Attrs& attrs, std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  if (op.dynamic_shape) obstruct(text(op.name, ": the shape of its result depends on the values of its operand"));
  Node node{&op, attrs, {}, {}, passes_ > 0};
  for (const Tensor& input : inputs) node.inputs.push_back(input ? value_of(input) : kNoValue);
  for (const Tensor& output : outputs) {
    const ValueId id = graph_.add_value({output.shape(), output.dtype()});
    // A view op may hand its operand through as it is.
    output.mark(trace_, id);
    node.outputs.push_back(id);
  }
  if (expected_) compare(node);
  graph_.nodes.push_back(std::move(node));
}

void Recorder::compare_constant(ValueId id) const {
  const auto known = expected_->constants.find(id);
  if (known == expected_->constants.end() || same_bits(known->second, graph_.constants.at(id))) return;
  fail(ErrorKind::kTrace, "this call differs from the traced one: before step ", graph_.nodes.size(), ", constant %", id, " of shape ",
       known->second.shape(), " has other values; what changes between calls must be an argument or a Tensor made outside");
}

void Recorder::compare(const Node& node) const {
  const size_t step = graph_.nodes.size();
  if (step >= expected_->nodes.size())
    fail(ErrorKind::kTrace, "this call differs from the traced one: step ", step, " is ", to_text(graph_, node), ", the traced call ended before it");
  const Node& known = expected_->nodes[step];
  bool same = node.op == known.op && equal(node.attrs, known.attrs) && node.inputs == known.inputs && node.outputs == known.outputs;
  for (size_t i = 0; same && i < node.outputs.size(); ++i) {
    const TensorDesc &now = graph_.values[node.outputs[i]], &then = expected_->values[known.outputs[i]];
    same = now.shape == then.shape && now.dtype == then.dtype;
  }
  if (same) return;
  fail(ErrorKind::kTrace, "this call differs from the traced one: step ", step, " is ", to_text(graph_, node), ", traced was ",
       to_text(*expected_, known));
}

Graph Recorder::finish(std::span<const Tensor> outputs) {
  if (expected_ && graph_.nodes.size() < expected_->nodes.size())
    fail(ErrorKind::kTrace, "this call differs from the traced one: it ended after ", graph_.nodes.size(), " steps, traced came ",
         to_text(*expected_, expected_->nodes[graph_.nodes.size()]));
  for (const Tensor& output : outputs) graph_.outputs.push_back(value_of(output));
  if (expected_ && graph_.outputs != expected_->outputs) fail(ErrorKind::kTrace, "this call differs from the traced one: it returns other values");
  return std::move(graph_);
}

}  // namespace keima::compiler
