// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Graphs to test with, built op by op.
#pragma once

#include <random>

#include "compiler/ir.h"
#include "ops/execute.h"

namespace keima::compiler {

inline Tensor random_tensor(const Dims& shape, unsigned seed) {
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
    for (const ValueId id : inputs) tensors.push_back(id == kNoValue ? Tensor() : Tensor::abstract(graph.values[id].shape, graph.values[id].dtype));
    Node node{&op, std::move(attrs), std::move(inputs), {}};
    for (const TensorDesc& desc : infer(op, tensors, node.attrs)) node.outputs.push_back(graph.add_value(desc));
    graph.nodes.push_back(node);
    return node.outputs[0];
  }
};

inline const Attrs kPlainConv{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}};

// relu(norm(conv(x)) + norm(conv(x))), pooled, flattened, linear; with an equal pair and something unused.
inline Graph block() {
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

}  // namespace keima::compiler
