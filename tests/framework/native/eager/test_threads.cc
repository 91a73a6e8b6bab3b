// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Threads that record and differentiate at once get the bits that they get alone.
#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "eager/backward.h"
#include "eager/dispatch.h"
#include "ops/layout.h"

using namespace keima;

namespace {

Tensor random_tensor(const Dims& shape, uint32_t seed) {
  Tensor tensor = Tensor::empty(shape, ScalarType::kFloat32);
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data<float>()[i] = uniform(engine);
  return tensor;
}

Value constant(Tensor tensor) { return {std::move(tensor), nullptr, 0}; }

// Steps of a net of a convolution and a product; the parameters at the end.
std::vector<Tensor> train(uint32_t seed, const Tensor& images) {
  Tape& tape = Tape::instance();
  std::vector<Tensor> parameters{random_tensor({20, 3, 3, 3}, seed), random_tensor({20 * 8 * 8, 5}, seed + 1)};
  for (int step = 0; step < 4; ++step) {
    std::vector<Ref<Leaf>> leaves;
    for (size_t i = 0; i < parameters.size(); ++i) leaves.push_back(make_ref<Leaf>());
    for (const auto& leaf : leaves) ++leaf->sessions;
    tape.begin_session();
    const Value conv = apply1(op_of<"conv2d">(), {constant(images), {parameters[0], leaves[0], 0}}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}});
    const Value flat = apply1(op_of<"reshape">(), {apply1(op_of<"relu">(), {conv})}, Attrs{Dims{images.shape()[0], 20 * 8 * 8}});
    const Value scores = apply1(op_of<"matmul">(), {flat, {parameters[1], leaves[1], 0}}, Attrs{false, false});
    const Root root{apply1(op_of<"square">(), {scores}), constant(filled(scores.tensor.shape(), 0.01, ScalarType::kFloat32))};
    {
      const Tape::Hide hide(tape);
      backward({&root, 1}, leaves, false, [&](size_t i, Value gradient) {
        const Value step_size = apply1(op_of<"mul">(), {gradient, constant(scalar_tensor(0.1, ScalarType::kFloat32))});
        parameters[i] = apply1(op_of<"sub">(), {constant(parameters[i]), step_size}).tensor;
      });
    }
    for (const auto& leaf : leaves) --leaf->sessions;
    tape.end_session();
  }
  return parameters;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor x = to_contiguous(to_plain(a)), y = to_contiguous(to_plain(b));
  return x.shape() == y.shape() && std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.numel() * x.dtype().itemsize())) == 0;
}

}  // namespace

TEST_CASE("nets trained at once are those trained one after the other") {
  constexpr size_t kThreads = 4;
  const Tensor images = random_tensor({4, 3, 8, 8}, 1);  // shared: threads only read it
  std::array<std::vector<Tensor>, kThreads> alone, together;
  for (uint32_t i = 0; i < kThreads; ++i) alone[i] = train(10 * i + 2, images);
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { together[i] = train(10 * i + 2, images); });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < kThreads; ++i)
    for (size_t j = 0; j < alone[i].size(); ++j) CHECK(same_bits(alone[i][j], together[i][j]));
}

TEST_CASE("a session that ends within a pass leaves the pass its nodes") {
  Tape& tape = Tape::instance();
  const std::vector<Ref<Leaf>> leaves{make_ref<Leaf>(), make_ref<Leaf>()};
  for (const auto& leaf : leaves) ++leaf->sessions;
  tape.begin_session();
  const int64_t nodes = tape.size();
  Value x{filled({3}, 1.0, ScalarType::kFloat32), leaves[0], 0};
  for (int i = 0; i < 5; ++i) x = apply1(op_of<"mul">(), {x, constant(filled({3}, 2.0, ScalarType::kFloat32))});
  const Value y = apply1(op_of<"mul">(), {x, {filled({3}, 1.0, ScalarType::kFloat32), leaves[1], 0}});
  const Root root{y, constant(filled({3}, 1.0, ScalarType::kFloat32))};
  std::array<float, 2> gradients{};
  {
    const Tape::Busy busy(tape);
    const Tape::Hide hide(tape);
    backward({&root, 1}, leaves, false, [&](size_t i, Value gradient) {
      gradients[i] = gradient.tensor.data<float>()[0];
      if (i == 1) tape.end_session();  // the first to arrive
    });
    CHECK(tape.size() > nodes);
  }
  CHECK(gradients == std::array<float, 2>{32, 32});
  CHECK(tape.size() == nodes);
  for (const auto& leaf : leaves) --leaf->sessions;
}
