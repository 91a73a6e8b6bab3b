// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Recording, comparing, verifying and running graphs without Python.
#include <doctest/doctest.h>

#include <cmath>

#include "compiler/interpret.h"
#include "compiler/recorder.h"
#include "eager/dispatch.h"
#include "ops/layout.h"

using namespace keima;
using namespace keima::compiler;

namespace {

struct Watching {
  explicit Watching(Recorder& recorder) { set_observer(&recorder); }
  ~Watching() { set_observer(nullptr); }
};

Tensor one(const Op& op, std::initializer_list<Tensor> inputs, Attrs attrs = {}) {
  std::vector<Value> values;
  for (const Tensor& input : inputs) values.push_back({input, nullptr, 0});
  return apply(op, values, std::move(attrs))[0].tensor;
}

// exp(x) * 2 + x
Graph record(const Tensor& x, bool executes, const Graph* expected = nullptr, double factor = 2.0) {
  Recorder recorder(executes, expected);
  recorder.add_input(x);
  const Watching watching(recorder);
  const Tensor scaled = one(op_of<"mul">(), {one(op_of<"exp">(), {x}), scalar_tensor(factor, x.dtype())});
  const Tensor sum = one(op_of<"add">(), {scaled, x});
  return recorder.finish(std::span(&sum, 1));
}

}  // namespace

TEST_CASE("a recording runs again on other values") {
  for (const bool executes : {true, false}) {
    const Tensor shape = executes ? filled({3}, 1.0, ScalarType::kFloat32) : Tensor::abstract({3}, ScalarType::kFloat32);
    const Graph graph = record(shape, executes);
    verify(graph);
    CHECK(graph.nodes.size() == 3);
    const Tensor x = filled({3}, 0.5, ScalarType::kFloat32);
    const std::vector<Tensor> results = interpret(graph, std::span(&x, 1));
    CHECK(results[0].data<float>()[2] == doctest::Approx(std::exp(0.5) * 2 + 0.5));
    CHECK(x.data<float>()[0] == 0.5F);
    const Tensor longer = filled({4}, 0.5, ScalarType::kFloat32);
    CHECK_THROWS_WITH_AS(interpret(graph, std::span(&longer, 1)), doctest::Contains("expected shape (3,), got (4,)"), Error);
  }
}

TEST_CASE("a recording that differs is refused") {
  const Tensor x = Tensor::abstract({3}, ScalarType::kFloat32);
  const Graph graph = record(x, false);
  CHECK_NOTHROW(record(x, false, &graph));
  CHECK_THROWS_WITH_AS(record(x, false, &graph, 3.0), doctest::Contains("constant %2"), Error);
  const Tensor other = Tensor::abstract({4}, ScalarType::kFloat32);
  CHECK_THROWS_WITH_AS(record(other, false, &graph), doctest::Contains("step 0 is exp(%0)"), Error);
}

TEST_CASE("the verifier finds what is out of order") {
  const Graph good = record(Tensor::abstract({3}, ScalarType::kFloat32), false);
  Graph graph = good;
  std::swap(graph.nodes[0], graph.nodes[1]);
  CHECK_THROWS_WITH_AS(verify(graph), doctest::Contains("before it is made"), Error);
  graph = good;
  graph.values[graph.nodes[2].outputs[0]].shape = Dims{4};
  CHECK_THROWS_WITH_AS(verify(graph), doctest::Contains("the graph says float32(4,)"), Error);
  graph = good;
  graph.nodes[1].outputs = graph.nodes[0].outputs;
  CHECK_THROWS_WITH_AS(verify(graph), doctest::Contains("made already"), Error);
  graph = good;
  graph.outputs = {99};
  CHECK_THROWS_WITH_AS(verify(graph), doctest::Contains("return reads %99"), Error);
}
