// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A residual block with normalisation through every pass: each leaves a sound graph of the same results, and the planned
// program gives them too.
#include <doctest/doctest.h>

#include "check_same.h"
#include "compiler/interpret.h"
#include "compiler/passes.h"
#include "compiler/program.h"
#include "graphs.h"

using namespace keima;
using namespace keima::compiler;

TEST_CASE("every pass keeps the results") {
  Graph graph = block();
  verify(graph);
  const Tensor x = random_tensor({2, 17, 8, 8}, 5);
  const std::vector<Tensor> expected = interpret(graph, std::span(&x, 1));
  const std::map<std::string, int> changed{{"identities", 1}, {"fold_constants", 4}, {"merge_equal", 1}, {"fold_affine", 4}, {"fuse_attention", 0}, {"fuse_epilogue", 7}, {"pool_means", 1}, {"shuffle_channels", 0}, {"fuse_inverted_residual", 0}, {"advance_updates", 0}, {"dead_code", 1}};
  for (const Pass& pass : passes()) {
    CAPTURE(pass.name);
    CHECK(pass.run(graph) == changed.at(pass.name));
    verify(graph);
    check_same(interpret(graph, std::span(&x, 1)), expected);
    check_same(Program(graph).run(std::span(&x, 1)), expected);
  }
  // conv, conv with residual, mean as pooling and reshape, add, linear
  CHECK(graph.nodes.size() == 6);
  CHECK(optimize(graph).size() == passes().size());
}

TEST_CASE("a program plans its memory and refuses an arena above the limit") {
  Maker m;
  ValueId value = m.input({64, 64});
  for (int i = 0; i < 4; ++i) value = m.add("transpose", {m.add("tanh", {value})}, Attrs{Dims{1, 0}});
  m.graph.outputs = {m.add("sum", {value}, Attrs{Dims{0, 1}, false})};
  const Program program(m.graph);
  CHECK(program.arena_bytes() >= 64 * 64 * 4);
  CHECK(program.arena_bytes() == program.arena_bound());
  CHECK_THROWS_WITH_AS(Program(m.graph, 1000), doctest::Contains("the limit is 1000"), Error);
  const Tensor x = random_tensor({64, 64}, 1);
  check_same(program.run(std::span(&x, 1)), interpret(m.graph, std::span(&x, 1)));
}

TEST_CASE("inputs and constants are never overwritten") {
  Maker m;
  const ValueId x = m.input({100}), c = m.constant({100}, 1);
  m.graph.outputs = {m.add("relu", {x}), m.add("exp", {c}), x, c, m.add("add", {x, c})};
  const Program program(m.graph);
  const Tensor given = random_tensor({100}, 2), before = random_tensor({100}, 2);
  for (int i = 0; i < 2; ++i) check_same(program.run(std::span(&given, 1)), interpret(m.graph, std::span(&before, 1)));
  CHECK_THROWS_AS(pass_named("magic"), Error);
}

namespace {

// Two inverted residual blocks of images so tall that any machine's threads can share them, the second with a residual, and what looks like one but is read twice.
Graph inverted_residuals(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t stride, int64_t padding, int64_t groups) { return Attrs{Dims{stride, stride}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  const auto block = [&](ValueId x, int64_t in, int64_t hidden, int64_t out, int64_t kernel, int64_t stride, unsigned seed) {
    ValueId h = m.add("relu6", {m.add("conv2d", {x, m.constant({hidden, in, 1, 1}, seed), m.constant({1, hidden, 1, 1}, seed + 1)}, conv(1, 0, 1))});
    h = m.add("relu6", {m.add("conv2d", {h, m.constant({hidden, 1, 1, kernel, kernel}, seed + 2), m.constant({1, hidden, 1, 1}, seed + 3)}, conv(stride, kernel / 2, hidden))});
    return m.add("conv2d", {h, m.constant({out, hidden, 1, 1}, seed + 4), m.constant({1, out, 1, 1}, seed + 5)}, conv(1, 0, 1));
  };
  const ValueId x = m.input({batch, 8, 1024, 10}), first = block(x, 8, 48, 24, 3, 2, 1);
  const ValueId second = m.add("add", {block(first, 24, 144, 24, 5, 1, 10), first});
  const ValueId depthwise = m.add("relu", {m.add("conv2d", {second, m.constant({24, 1, 1, 3, 3}, 20)}, conv(1, 1, 24))});
  const ValueId read_twice = m.add("add", {m.add("conv2d", {depthwise, m.constant({24, 24, 1, 1}, 21)}, conv(1, 0, 1)), depthwise});
  m.graph.outputs = {m.add("mean", {read_twice}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

}  // namespace

TEST_CASE("inverted residual blocks become one op, whose results are those of its convolutions, for any number of samples") {
  const Graph given = inverted_residuals(2);
  Graph graph = given;
  optimize(graph);
  verify(graph);
  std::map<std::string, int> ops;
  for (const Node& node : graph.nodes) ++ops[node.op->name];
  CHECK(ops["inverted_residual"] == 2);
  CHECK(ops["conv2d_fused"] == 2);
  const Tensor x = random_tensor({2, 8, 1024, 10}, 3);
  const Program program(graph), apart(given);
  check_same(program.run(std::span(&x, 1)), interpret(given, std::span(&x, 1)));
  CHECK(program.arena_bytes() <= 1.10 * static_cast<double>(program.arena_bound()));
  const Tensor more = random_tensor({5, 8, 1024, 10}, 4);
  check_same(program.with_samples(5).run(std::span(&more, 1)), apart.with_samples(5).run(std::span(&more, 1)));
}
