// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Programs lowered to plans that the deployment library runs: its results are the program's.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>

#include "base/execution.h"
#include "compiler/executor_plan.h"
#include "compiler/passes.h"
#include "executor/executor.h"
#include "graphs.h"
#include "ops/layout.h"
#include "plan_graphs.h"

using namespace keima;
using namespace keima::compiler;

namespace {

// 64-byte aligned.
Tensor plan_of(Graph graph) {
  optimize(graph);
  std::string file;
  write_executor_plan(Program(graph), [&](std::span<const std::byte> piece) { file.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
  Tensor bytes = Tensor::empty({static_cast<int64_t>(file.size())}, ScalarType::kUint8);
  std::memcpy(bytes.raw(), file.data(), file.size());
  return bytes;
}

void check_lowered(const Graph& graph) {
  Graph optimized = graph;
  optimize(optimized);
  const Tensor x = random_tensor(graph.values[graph.inputs[0]].shape, 9), file = plan_of(graph);
  const Tensor want = to_contiguous(to_plain(Program(optimized).run(std::span(&x, 1))[0]));
  const auto plan = std::make_unique<executor::Plan>();
  const executor::Status status = executor::load(default_exec(), file.raw(), static_cast<size_t>(file.numel()), *plan);
  CAPTURE(std::string(status ? status : ""));
  REQUIRE(status == nullptr);
  REQUIRE(plan->input_count == x.numel());
  REQUIRE(plan->output_count == want.numel());
  const Tensor arena = Tensor::empty({static_cast<int64_t>(plan->arena_bytes)}, ScalarType::kUint8), got = Tensor::empty(want.shape(), want.dtype());
  executor::run(default_exec(), *plan, arena.raw(), x.data<float>(), got.data<float>());
  // The same kernels on the same weights.
  CHECK(std::memcmp(got.raw(), want.raw(), static_cast<size_t>(want.numel()) * 4) == 0);
}

}  // namespace

TEST_CASE("the executor gives what the program gives, bit for bit") {
  for (const int64_t batch : {1, 3}) {
    check_lowered(lenet(batch));
    check_lowered(residual(batch));
    check_lowered(packing(batch));
    check_lowered(inverted_residual(batch));
  }
}

TEST_CASE("what the executor does not run is named") {
  const auto refused = [](Graph graph, const char* reason) {
    CAPTURE(reason);
    CHECK_THROWS_WITH_AS(plan_of(std::move(graph)), doctest::Contains(reason), Error);
  };
  Maker tanh;
  tanh.graph.outputs = {tanh.add("tanh", {tanh.input({3})})};
  refused(tanh.graph, "tanh: the executor runs convolutions");
  Maker two;
  two.graph.outputs = {two.input({1}), two.input({1})};
  refused(two.graph, "one input and one output, got 2 and 2");
  Maker smooth;
  smooth.graph.outputs = {smooth.add("gelu", {smooth.add("matmul", {smooth.input({1, 4}), smooth.constant({8, 4}, 1)}, Attrs{false, true})})};
  refused(smooth.graph, "linear_fused: of the activations the executor has relu and relu6");
  Maker loose;
  const ValueId x = loose.input({1, 4});
  loose.graph.outputs = {loose.add("matmul", {x, x}, Attrs{false, true})};
  refused(loose.graph, "linear_fused: its weights");
}
