// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A residual block with normalisation through every pass: each leaves a sound graph of the same results, and the planned
// program gives them too.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "compiler/interpret.h"
#include "compiler/passes.h"
#include "compiler/program.h"
#include "ops/execute.h"
#include "ops/layout.h"

using namespace keima;
using namespace keima::compiler;

namespace {

Tensor random_tensor(const Dims& shape, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Tensor tensor = Tensor::empty(shape, ScalarType::kFloat32);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data<float>()[i] = uniform(generator);
  return tensor;
}

class Maker {
 public:
  Graph graph;

  ValueId input(const Dims& shape) {
    graph.inputs.push_back(graph.add_value({shape, ScalarType::kFloat32}));
    return graph.inputs.back();
  }
  ValueId constant(const Dims& shape, unsigned seed) { return graph.add_constant(random_tensor(shape, seed)); }
  ValueId add(const char* name, std::vector<ValueId> inputs, Attrs attrs = {}) {
    const Op& op = Registry::instance().get(name);
    std::vector<Tensor> tensors;
    for (const ValueId id : inputs) tensors.push_back(Tensor::abstract(graph.values[id].shape, graph.values[id].dtype));
    Node node{&op, std::move(attrs), std::move(inputs), {}};
    for (const TensorDesc& desc : infer(op, tensors, node.attrs)) node.outputs.push_back(graph.add_value(desc));
    graph.nodes.push_back(node);
    return node.outputs[0];
  }
};

const Attrs kPlainConv{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}};

// relu(norm(conv(x)) + norm(conv(x))), pooled, flattened, linear; with an equal pair and something unused.
Graph block() {
  Maker m;
  const ValueId x = m.input({2, 17, 8, 8});
  std::vector<ValueId> paths;
  for (unsigned path : {1U, 2U}) {
    const ValueId conv = m.add("conv2d", {x, m.constant({24, 17, 3, 3}, path)}, kPlainConv);
    const ValueId scale = m.add("sqrt", {m.add("exp", {m.constant({1, 24, 1, 1}, path + 10)})});
    paths.push_back(m.add("add", {m.add("mul", {conv, scale}), m.constant({1, 24, 1, 1}, path + 20)}));
  }
  const ValueId same = m.add("reshape", {m.add("relu", {m.add("add", {paths[0], paths[1]})})}, Attrs{Dims{2, 24, 8, 8}});
  m.add("exp", {same});
  const ValueId once = m.add("mean", {same}, Attrs{Dims{2, 3}, false}), twice = m.add("mean", {same}, Attrs{Dims{2, 3}, false});
  const ValueId features = m.add("add", {once, twice});
  const ValueId product = m.add("matmul", {features, m.constant({5, 24}, 30)}, Attrs{false, true});
  m.graph.outputs = {m.add("relu6", {m.add("add", {product, m.constant({5}, 31)})})};
  return m.graph;
}

void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    const Tensor x = to_contiguous(to_plain(a[k])), y = to_contiguous(to_plain(b[k]));
    for (int64_t i = 0; i < x.numel(); ++i) CHECK(x.data<float>()[i] == doctest::Approx(y.data<float>()[i]).epsilon(1e-4));
  }
}

}  // namespace

TEST_CASE("every pass keeps the results") {
  Graph graph = block();
  verify(graph);
  const Tensor x = random_tensor({2, 17, 8, 8}, 5);
  const std::vector<Tensor> expected = interpret(graph, std::span(&x, 1));
  const std::map<std::string, int> changed{{"identities", 1}, {"fold_constants", 4}, {"merge_equal", 1}, {"fold_affine", 4}, {"fuse_epilogue", 7}, {"dead_code", 1}};
  for (const Pass& pass : passes()) {
    CAPTURE(pass.name);
    CHECK(pass.run(graph) == changed.at(pass.name));
    verify(graph);
    check_same(interpret(graph, std::span(&x, 1)), expected);
    check_same(Program(graph).run(std::span(&x, 1)), expected);
  }
  // conv, conv with residual, mean, add, linear
  CHECK(graph.nodes.size() == 5);
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
