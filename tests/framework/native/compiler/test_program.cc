// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a program takes of memory: all of it planned, refused before it is taken where it is too much.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/allocator.h"
#include "check_same.h"
#include "compiler/passes.h"
#include "compiler/program.h"
#include "compiler/tuning.h"
#include "graphs.h"
#include "ops/layout.h"

using namespace keima;
using namespace keima::compiler;

namespace {

template <class Body>
int64_t most_allocated(const Body& body) {
  Allocator& allocator = Allocator::instance();
  allocator.reset_max();
  const int64_t before = allocator.stats().allocated;
  body();
  return allocator.stats().max_allocated - before;
}

// A run takes the arena and the outputs from the allocator and nothing else.
void check_planned(const Graph& graph) {
  const Program program(graph);
  std::vector<Tensor> inputs;
  for (const ValueId id : graph.inputs) inputs.push_back(random_tensor(graph.values[id].shape, id));
  const int64_t planned = most_allocated([&] {
    std::vector<Ref<Storage>> taken{Storage::allocate(program.arena_bytes())};
    for (const Program::Buffer& buffer : program.buffers())
      if (buffer.kind == Program::Kind::kOutput) taken.push_back(Storage::allocate(buffer.bytes));
  });
  CHECK(most_allocated([&] { program.run(inputs); }) == planned);
}

bool works_in_scratch(const Program& program, std::string_view op) {
  for (const Program::Step& step : program.steps())
    if (step.op && step.op->name == op && step.scratch >= 0) return true;
  return false;
}

// Every op that needs scratch, with operands that its kernel has to copy, and weights that are no constants.
Graph scratch_ops() {
  Maker m;
  const ValueId x = m.input({2, 24, 12, 12}), weight = m.input({36, 24, 3, 3}), grouped = m.input({3, 5, 8, 3, 3});
  const ValueId conv = m.add("conv2d", {x, weight}, kPlainConv);
  const ValueId groups = m.add("conv2d", {x, grouped}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{3}});
  const ValueId q = m.input({2, 3, 7, 8}), k = m.input({2, 3, 8, 9}), v = m.input({2, 3, 11, 9});
  const ValueId turned = m.add("transpose", {v}, Attrs{Dims{0, 1, 3, 2}});
  const ValueId rows = m.input({6, 10, 4});
  const ValueId across = m.add("transpose", {m.add("transpose", {rows}, Attrs{Dims{0, 2, 1}})}, Attrs{Dims{1, 0, 2}});
  const Attrs with_x_shape{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, Dims{2, 24, 12, 12}};
  const Attrs with_weight_shape{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, Dims{36, 24, 3, 3}};
  m.graph.outputs = {m.add("relu", {conv}),
                     groups,
                     m.add("conv2d_fused", {x, weight}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string("relu"), std::string()}),
                     m.add("conv2d_backward_data", {weight, conv}, with_x_shape),
                     m.add("conv2d_backward_weight", {x, conv}, with_weight_shape),
                     m.add("attention", {q, k, turned}, Attrs{true, 0.5}),
                     m.add("matmul", {across, m.input({4, 7, 10})}, Attrs{false, true}),
                     m.add("linear_fused", {m.input({5, 20}), m.input({33, 20})}, Attrs{std::string("gelu")}),
                     m.add("sum", {rows}, Attrs{Dims{0, 2}, false}),
                     m.add("sum_to", {rows}, Attrs{Dims{1, 10, 1}}),
                     m.add("sort", {rows}, Attrs{false, int64_t{2}})};
  return m.graph;
}

}  // namespace

TEST_CASE("kernels work in the arena: a run allocates it and the outputs, nothing else") {
  Graph graph = block();
  optimize(graph);
  check_planned(graph);
  const Graph others = scratch_ops();
  verify(others);
  check_planned(others);
  const Program program(others);
  for (const char* op : {"conv2d", "conv2d_fused", "conv2d_backward_data", "conv2d_backward_weight", "attention", "matmul", "linear_fused", "sum", "sum_to", "sort"}) {
    CAPTURE(op);
    CHECK(works_in_scratch(program, op));
  }
}

TEST_CASE("the limit counts scratch and packed weights before any of them is taken") {
  Maker m;
  const ValueId x = m.input({1, 64, 8, 8});
  m.graph.outputs = {m.add("conv2d_fused", {x, m.constant({256, 64, 3, 3}, 1)}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string("relu"), std::string()})};
  const Program program(m.graph);
  CHECK(program.constant_bytes() >= 256 * 64 * 9 * 4);
  CHECK(program.arena_bytes() >= program.buffers()[static_cast<size_t>(program.steps().back().scratch)].bytes);
  int64_t outputs = 0;
  for (const Program::Buffer& buffer : program.buffers()) outputs += buffer.kind == Program::Kind::kOutput ? buffer.bytes : 0;
  const int64_t all = program.arena_bytes() + program.constant_bytes() + outputs;
  CHECK(Program(m.graph, all).arena_bytes() == program.arena_bytes());
  CHECK(most_allocated([&] { CHECK_THROWS_WITH_AS(Program(m.graph, all - 1), doctest::Contains("the limit is"), Error); }) == 0);
}

TEST_CASE("the plan names each convolution's algorithm; all that are offered agree, others are refused") {
  Maker m;
  const ValueId x = m.input({1, 40, 20, 20}), weight = m.constant({48, 40, 3, 3}, 1);
  const auto conv = [&](const char* algorithm) { return Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string(algorithm)}; };
  m.graph.outputs = {m.add("conv2d_fused", {x, weight}, conv(""))};
  const Tensor input = random_tensor({1, 40, 20, 20}, 2);
  const auto algorithm_in_plan = [](const Graph& graph) { return Program(graph).steps().back().attrs.string(5); };
  CHECK(algorithm_in_plan(m.graph) == "winograd2");  // too few tiles of 4x4
  const Tensor fixed = to_plain(Program(m.graph).run(std::span(&input, 1))[0]);
  for (const char* algorithm : {"direct", "winograd2", "winograd4"}) {
    CAPTURE(algorithm);
    m.graph.nodes[0].attrs = conv(algorithm);
    CHECK(algorithm_in_plan(m.graph) == algorithm);
    const Tensor result = to_plain(Program(m.graph).run(std::span(&input, 1))[0]);
    // Sums of 360 products of numbers up to 1.
    for (int64_t i = 0; i < result.numel(); ++i) CHECK(std::abs(result.data<float>()[i] - fixed.data<float>()[i]) < 1e-3F);
  }
  m.graph.nodes[0].attrs = conv("fft");
  CHECK_THROWS_WITH_AS(verify(m.graph), doctest::Contains("no algorithm 'fft'"), Error);
  m.graph.nodes[0].attrs = Attrs{Dims{2, 2}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string("winograd2")};
  CHECK_THROWS_WITH_AS(verify(m.graph), doctest::Contains("no algorithm 'winograd2'"), Error);
}

TEST_CASE("a program for other numbers of samples shares its constants and plans anew") {
  Graph graph = block();
  optimize(graph);
  const Program program(graph);
  REQUIRE(program.samples() == 2);
  const Tensor all = random_tensor({8, 17, 8, 8}, 3);
  const Tensor many = to_contiguous(to_plain(program.with_samples(8).run(std::span(&all, 1))[0]));
  CHECK(most_allocated([&] { (void)program.with_samples(8); }) == 0);
  for (const int64_t samples : {1, 3, 8}) {
    const Program other = program.with_samples(samples);
    CHECK(other.samples() == samples);
    CHECK(other.constant_bytes() == program.constant_bytes());
    CHECK(other.arena_bytes() <= 1.10 * static_cast<double>(other.arena_bound()));
    Tensor some = Tensor::empty({samples, 17, 8, 8}, ScalarType::kFloat32);
    std::copy_n(all.data<float>(), some.numel(), some.data<float>());
    const Tensor few = to_contiguous(to_plain(other.run(std::span(&some, 1))[0]));
    REQUIRE(few.shape() == Dims{samples, 5});
    for (int64_t i = 0; i < few.numel(); ++i) CHECK(few.data<float>()[i] == doctest::Approx(many.data<float>()[i]).epsilon(1e-4));
    CHECK_THROWS_AS(other.run(std::span(&all, samples == 8 ? 0 : 1)), Error);
  }
  CHECK_THROWS_WITH_AS(program.with_samples(INT64_MAX / 8), doctest::Contains("than can be addressed"), Error);
  CHECK_THROWS_WITH_AS(program.with_samples(100000, 1 << 20), doctest::Contains("the limit is"), Error);
}

TEST_CASE("parts of one sample are copied where there are more, for kernels that want them contiguous") {
  Maker m;
  const ValueId x = m.input({1, 20, 4, 4});
  const ValueId part = m.add("slice", {x}, Attrs{Dims{0, 1, 0, 0}, Dims{1, 18, 4, 4}, Dims{1, 1, 1, 1}});
  const ValueId conv = m.add("conv2d", {part, m.constant({17, 18, 3, 3}, 1)}, kPlainConv);
  const ValueId rows = m.add("slice", {m.add("softmax", {part}, Attrs{int64_t{3}})}, Attrs{Dims{0, 1, 0, 0}, Dims{1, 17, 4, 4}, Dims{1, 1, 1, 1}});
  m.graph.outputs = {m.add("cumsum", {rows}, Attrs{int64_t{2}, false, false}), m.add("add", {conv, rows}), part};
  const Program program(m.graph);
  const Program other = program.with_samples(3);
  CHECK(other.steps().size() > program.steps().size());
  CHECK(other.arena_bytes() <= 1.10 * static_cast<double>(other.arena_bound()));
  const Tensor all = random_tensor({3, 20, 4, 4}, 3);
  const std::vector<Tensor> results = other.run(std::span(&all, 1));
  for (int64_t sample = 0; sample < 3; ++sample) {
    Tensor one = Tensor::empty({1, 20, 4, 4}, ScalarType::kFloat32);
    std::copy_n(all.data<float>() + sample * one.numel(), one.numel(), one.data<float>());
    std::vector<Tensor> alone = program.run(std::span(&one, 1)), ours;
    for (const Tensor& result : results) {
      const Tensor plain = to_contiguous(to_plain(result));
      Tensor mine = Tensor::empty({1, plain.shape()[1], 4, 4}, ScalarType::kFloat32);
      std::copy_n(plain.data<float>() + sample * mine.numel(), mine.numel(), mine.data<float>());
      ours.push_back(mine);
    }
    check_same(ours, alone);
  }
}

TEST_CASE("measured algorithms are offered ones, known ones are not measured again") {
  Maker m;
  const auto conv = [](const char* algorithm) { return Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string(algorithm)}; };
  m.graph.outputs = {m.add("conv2d_fused", {m.input({1, 16, 10, 10}), m.constant({16, 16, 3, 3}, 1)}, conv(""))};
  Graph graph = m.graph;
  CHECK(pick_algorithms(graph, {}).empty());
  CHECK(graph.nodes[0].attrs.string(5).empty());
  const std::vector<Measured> measured = pick_algorithms(graph, {.seconds = 5});
  REQUIRE(measured.size() == 1);
  CHECK(measured[0].seconds.size() == 3);
  CHECK(measured[0].seconds.contains(measured[0].picked));
  CHECK(graph.nodes[0].attrs.string(5) == measured[0].picked);
  graph = m.graph;
  CHECK(pick_algorithms(graph, {.seconds = 5, .known = {{measured[0].key, "winograd2"}}}).empty());
  CHECK(graph.nodes[0].attrs.string(5) == "winograd2");
  graph = m.graph;
  CHECK(pick_algorithms(graph, {.seconds = 5, .known = {{measured[0].key, "fft"}}}).size() == 1);
  CHECK_THROWS_WITH_AS(pick_algorithms(graph = m.graph, {.seconds = 5}, 1000), doctest::Contains("the limit is 1000"), Error);
}
