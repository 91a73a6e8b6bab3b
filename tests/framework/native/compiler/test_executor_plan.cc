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

using namespace keima;
using namespace keima::compiler;

namespace {

// The zoo's LeNet in small: plain image, blocks between convolutions and pools, a view before the products.
Graph lenet(int64_t batch) {
  Maker m;
  const Attrs wide{Dims{1, 1}, Dims{2, 2}, Dims{1, 1}, int64_t{1}}, halves{Dims{2, 2}, Dims{2, 2}, Dims{0, 0}};
  ValueId x = m.input({batch, 1, 12, 12});
  x = m.add("max_pool2d", {m.add("relu", {m.add("conv2d", {x, m.constant({16, 1, 5, 5}, 1), m.constant({1, 16, 1, 1}, 2)}, wide)})}, halves);
  x = m.add("max_pool2d", {m.add("relu", {m.add("conv2d", {x, m.constant({24, 16, 5, 5}, 3)}, wide)})}, halves);
  x = m.add("reshape", {x}, Attrs{Dims{batch, 24 * 9}});
  x = m.add("relu", {m.add("add", {m.add("matmul", {x, m.constant({20, 24 * 9}, 4)}, Attrs{false, true}), m.constant({20}, 5)})});
  x = m.add("add", {m.add("matmul", {x, m.constant({10, 20}, 6)}, Attrs{false, true}), m.constant({10}, 7)});
  m.graph.outputs = {x};
  return m.graph;
}

// Residual nets and inverted residuals in small: strides, shortcuts, depthwise, relu6, means, Winograd.
Graph residual(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t stride, int64_t padding, int64_t groups) { return Attrs{Dims{stride, stride}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  ValueId x = m.input({batch, 3, 40, 40});
  x = m.add("relu", {m.add("conv2d", {x, m.constant({40, 3, 7, 7}, 1), m.constant({1, 40, 1, 1}, 2)}, conv(2, 3, 1))});
  x = m.add("max_pool2d", {x}, Attrs{Dims{3, 3}, Dims{2, 2}, Dims{1, 1}});
  for (unsigned i = 0; i < 2; ++i) {
    const ValueId inner = m.add("relu", {m.add("conv2d", {x, m.constant({40, 40, 3, 3}, 10 + i)}, conv(1, 1, 1))});
    x = m.add("relu", {m.add("add", {m.add("conv2d", {inner, m.constant({40, 40, 3, 3}, 20 + i)}, conv(1, 1, 1)), x})});
  }
  x = m.add("relu6", {m.add("conv2d", {x, m.constant({40, 1, 1, 3, 3}, 30)}, conv(2, 1, 40))});
  x = m.add("conv2d", {x, m.constant({24, 40, 1, 1}, 31)}, conv(1, 0, 1));
  x = m.add("mean", {x}, Attrs{Dims{2, 3}, false});
  m.graph.outputs = {m.add("add", {m.add("matmul", {x, m.constant({10, 24}, 32)}, Attrs{false, true}), m.constant({10}, 33)})};
  return m.graph;
}

// A block that is one op of the program and three steps of the executor, on images that are worth it on any number of threads.
Graph inverted_residual(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t padding, int64_t groups) { return Attrs{Dims{1, 1}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  const ValueId x = m.input({batch, 8, 512, 8});
  ValueId h = m.add("relu6", {m.add("conv2d", {x, m.constant({48, 8, 1, 1}, 1)}, conv(0, 1))});
  h = m.add("relu", {m.add("conv2d", {h, m.constant({48, 1, 1, 3, 3}, 2), m.constant({1, 48, 1, 1}, 3)}, conv(1, 48))});
  h = m.add("add", {m.add("conv2d", {h, m.constant({8, 48, 1, 1}, 4), m.constant({1, 8, 1, 1}, 5)}, conv(0, 1)), x});
  m.graph.outputs = {m.add("mean", {h}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

// A convolution of few channels whose input is plain, then of a plain input that has to be packed.
Graph packing(int64_t batch) {
  Maker m;
  m.graph.outputs = {m.add("mean", {m.add("conv2d", {m.input({batch, 17, 6, 6}), m.constant({8, 17, 3, 3}, 1)}, kPlainConv)}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

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
