// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Programs lowered to plans that the deployment library runs: its results are the program's.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
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

// Floats, or numbers from -2 to 4.
Tensor sample(const TensorDesc& desc) {
  if (desc.dtype.scalar() == ScalarType::kFloat32) return random_tensor(desc.shape, 9);
  Tensor numbers = Tensor::empty(desc.shape, desc.dtype);
  for (int64_t i = 0; i < numbers.numel(); ++i) numbers.data<int32_t>()[i] = static_cast<int32_t>(i * 3 % 7) - 2;
  return numbers;
}

void check_lowered(const Graph& graph) {
  Graph optimized = graph;
  optimize(optimized);
  const Tensor x = sample(graph.values[graph.inputs[0]]), file = plan_of(graph);
  const Tensor want = to_contiguous(to_plain(Program(optimized).run(std::span(&x, 1))[0]));
  const auto plan = std::make_unique<executor::Plan>();
  const executor::Status status = executor::load(default_exec(), file.raw(), static_cast<size_t>(file.numel()), *plan);
  CAPTURE(std::string(status ? status : ""));
  REQUIRE(status == nullptr);
  REQUIRE(plan->input_count == x.numel());
  REQUIRE(plan->output_count == want.numel());
  const Tensor arena = Tensor::empty({static_cast<int64_t>(plan->arena_bytes)}, ScalarType::kUint8), got = Tensor::empty(want.shape(), want.dtype());
  executor::run(default_exec(), *plan, arena.raw(), x.raw(), got.data<float>());
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
    check_lowered(shuffled(batch));
    check_lowered(transformer(batch));
    check_lowered(sums(batch));
    check_lowered(embedded(batch));
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
  Maker loose;
  const ValueId row = loose.input({1, 4});
  loose.graph.outputs = {loose.add("matmul", {row, row}, Attrs{false, true})};
  refused(loose.graph, "linear_fused: its weights");
  Maker many;
  std::vector<ValueId> parts;
  for (unsigned i = 0; i < 9; ++i) parts.push_back(many.add("conv2d", {i ? parts[0] : many.input({1, 8, 4, 4}), many.constant({8, 8, 3, 3}, i)}, kPlainConv));
  many.graph.outputs = {many.add("concat", parts, Attrs{int64_t{1}})};
  refused(many.graph, "channel_shuffle: it joins more tensors");
  Maker number;
  const ValueId ids = number.input({4, 3});
  number.graph.values[ids].dtype = ScalarType::kInt32;
  number.graph.outputs = {number.add("cast", {ids}, Attrs{DType(ScalarType::kFloat32)})};
  refused(number.graph, "cast: the executor runs");
  Maker deep;
  ValueId x = deep.input({2, 4});
  for (int i = 0; i < 161; ++i) x = deep.add("layer_norm", {x}, Attrs{int64_t{1}, 1e-3});
  deep.graph.outputs = {x};
  refused(deep.graph, "the net takes 161 steps, the executor holds at most 160");
  deep.graph.outputs = {deep.graph.nodes[159].outputs[0]};
  check_lowered(deep.graph);
  Maker wide;
  wide.graph.outputs = {wide.add("add", {wide.input({3, 4}), wide.constant({3, 1}, 1)})};
  refused(wide.graph, "add: the executor adds plain tensors");
}

TEST_CASE("numbers that a table has no row for give NaNs in the executor, which has no way to say so") {
  const Tensor file = plan_of(embedded(1)), output = Tensor::empty({6, 24}, ScalarType::kFloat32);
  const auto plan = std::make_unique<executor::Plan>();
  REQUIRE(executor::load(default_exec(), file.raw(), static_cast<size_t>(file.numel()), *plan) == nullptr);
  const Tensor arena = Tensor::empty({static_cast<int64_t>(plan->arena_bytes)}, ScalarType::kUint8);
  const std::array<int32_t, 6> numbers{0, 5, -5, -6, INT32_MAX, INT32_MIN};
  executor::run(default_exec(), *plan, arena.raw(), numbers.data(), output.data<float>());
  for (const auto& [row, known] : {std::pair<int64_t, bool>{0, true}, {1, false}, {2, true}, {3, false}, {4, false}, {5, false}})
    for (int64_t i = 0; i < 24; ++i) CHECK(std::isnan(output.data<float>()[row * 24 + i]) == !known);
}
