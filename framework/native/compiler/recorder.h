// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Records the ops that a program applies as a graph, and compares them with an earlier recording.
#pragma once

#include "compiler/ir.h"
#include "ops/observer.h"

namespace keima::compiler {

// Tensors carry the number of the value that they are (Tensor::mark). A tensor without one, met as an operand, is a
// constant: whoever knows better calls add_input() first.
class Recorder : public Observer {
 public:
  // `executes`: ops run as they are recorded; otherwise only their shapes are known. `expected` (may be null): every
  // step must repeat this graph's, or an Error(kTrace) says what differs.
  Recorder(bool executes, const Graph* expected);

  bool executes() const noexcept override { return executes_; }
  void applied(const Op& op, const Attrs& attrs, std::span<const Tensor> inputs, std::span<const Tensor> outputs) override;

  void backward_begins() noexcept override { ++passes_; }
  void backward_ends() noexcept override { --passes_; }

  bool knows(const Tensor& tensor) const noexcept { return tensor.trace() == trace_; }
  // The value's number; the tensor is marked with it.
  ValueId add_input(const Tensor& tensor);
  ValueId add_constant(const Tensor& tensor);
  ValueId value_of(const Tensor& tensor) { return knows(tensor) ? tensor.trace_value() : add_constant(tensor); }

  // The graph that returns these; unknown ones are constants.
  Graph finish(std::span<const Tensor> outputs);

  // Why the recording cannot stand for the function, "" if it can; the first reason stays.
  void obstruct(const std::string& reason);
  const std::string& obstacle() const noexcept { return obstacle_; }

 private:
  void compare(const Node& node) const;
  void compare_constant(ValueId id) const;

  const uint32_t trace_;
  const bool executes_;
  const Graph* expected_;
  Graph graph_;
  int passes_ = 0;  // of autodiff, one inside the other, that run now
  std::string obstacle_;
};

}  // namespace keima::compiler
