// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Training steps in which backward computes values again: whatever is kept, results have the same bits.
#include <doctest/doctest.h>

#include <cstring>

#include "compiler/advance_updates.h"
#include "compiler/checkpoint.h"
#include "compiler/interpret.h"
#include "compiler/program.h"
#include "compiler/recompute.h"
#include "compiler/recorder.h"
#include "eager/dispatch.h"
#include "graphs.h"
#include "ops/layout.h"

using namespace keima;
using namespace keima::compiler;

namespace {

void check_equal_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    const Tensor x = to_contiguous(to_plain(a[k])), y = to_contiguous(to_plain(b[k]));
    REQUIRE(x.shape() == y.shape());
    CHECK(std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.numel() * x.dtype().itemsize())) == 0);
  }
}

// A random graph of which all nodes from some place on belong to backward, but for some at the end.
Graph random_step(std::mt19937& random, int count) {
  Maker m;
  std::vector<ValueId> values{m.input({6, 6}), m.input({6, 6}), m.constant({6, 6}, 3)};
  const auto any = [&] { return values[random() % values.size()]; };
  for (int i = 0; i < count; ++i) {
    switch (random() % 6) {
      case 0: values.push_back(m.add("add", {any(), any()})); break;
      case 1: values.push_back(m.add("mul", {any(), any()})); break;
      case 2: values.push_back(m.add("tanh", {any()})); break;
      case 3: values.push_back(m.add("transpose", {any()}, Attrs{Dims{1, 0}})); break;
      case 4: values.push_back(m.add("matmul", {any(), any()}, Attrs{false, true})); break;
      default: values.push_back(m.add("slice_set", {any(), m.add("slice", {any()}, Attrs{Dims{1, 0}, Dims{2, 6}, Dims{1, 1}})}, Attrs{Dims{2, 0}, Dims{2, 6}, Dims{1, 1}}));
    }
  }
  const size_t from = m.graph.nodes.size() / 2, to = m.graph.nodes.size() - 4;
  for (size_t i = from; i < to; ++i) m.graph.nodes[i].backward = true;
  for (int i = 0; i < 3; ++i) m.graph.outputs.push_back(values[values.size() - 1 - random() % (values.size() / 2)]);
  return m.graph;
}

}  // namespace

TEST_CASE("whatever is kept, the results have the same bits") {
  std::mt19937 random(1);
  const std::vector<Tensor> inputs{random_tensor({6, 6}, 7), random_tensor({6, 6}, 8)};
  int grown = 0;
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const Graph graph = random_step(random, 24);
    verify(graph);
    std::vector<bool> kept(graph.values.size());
    const unsigned of_four = random() % 4;
    for (size_t i = 0; i < kept.size(); ++i) kept[i] = random() % 4 < of_four;
    Graph again = recompute(graph, kept);
    verify(again);
    grown += again.nodes.size() > graph.nodes.size() ? 1 : 0;
    const std::vector<Tensor> expected = Program(graph).run(inputs);
    check_equal_bits(Program(again).run(inputs), expected);
    check_equal_bits(interpret(again, inputs), expected);
    advance_updates(again);
    verify(again);
    check_equal_bits(Program(again).run(inputs), expected);
    checkpoint(again, {.tries = 3});
    verify(again);
    check_equal_bits(Program(again).run(inputs), expected);
  }
  CHECK(grown > 100);
}

TEST_CASE("updates come as soon as their gradients are there") {
  Maker m;
  const ValueId first = m.input({8}), second = m.input({8});
  const ValueId one = m.add("exp", {first}), other = m.add("tanh", {second}), norm = m.add("sum", {other}, Attrs{AttrValue{}, false});
  for (Node& node : m.graph.nodes) node.backward = true;
  const ValueId halved = m.add("mul", {one, one}), clipped = m.add("mul", {other, norm});
  m.graph.outputs = {m.add("sub", {first, halved}), m.add("sub", {second, clipped}), m.add("exp", {first})};
  CHECK(advance_updates(m.graph) == 3);  // the first two to the front, which shifts the third
  verify(m.graph);
  std::string names;
  for (const Node& node : m.graph.nodes) names += node.op->name + " ";
  CHECK(names == "exp mul sub tanh sum mul sub exp ");
  CHECK(advance_updates(m.graph) == 0);
}

TEST_CASE("a recording knows which ops belong to backward") {
  const Tensor x = Tensor::abstract({3}, ScalarType::kFloat32);
  Recorder recorder(false, nullptr);
  recorder.add_input(x);
  set_observer(&recorder);
  std::vector<Value> values{{x, nullptr, 0}};
  values = {apply(op_of<"exp">(), values, {})[0]};
  {
    const ObservedBackward outer;
    { const ObservedBackward inner; }
    values = {apply(op_of<"tanh">(), values, {})[0]};
  }
  values = {apply(op_of<"exp">(), values, {})[0]};
  set_observer(nullptr);
  const Graph graph = recorder.finish({});
  REQUIRE(graph.nodes.size() == 3);
  CHECK_FALSE(graph.nodes[0].backward);
  CHECK(graph.nodes[1].backward);
  CHECK_FALSE(graph.nodes[2].backward);
}

TEST_CASE("bounds of memory are those of the program") {
  const Graph graph = block();
  CHECK(Program::arena_bound_of(graph) == Program(graph).arena_bound());
  Graph changed = graph;
  CHECK_THROWS_WITH_AS(checkpoint(changed, {.tries = 0}), doctest::Contains("at least one try"), Error);
  CHECK_THROWS_WITH_AS(checkpoint(changed, {.enough_bytes = -1}), doctest::Contains("at least 0 bytes"), Error);
  CHECK(checkpoint(changed, {}).recomputed == 0);
  CHECK(to_text(changed) == to_text(graph));
}
