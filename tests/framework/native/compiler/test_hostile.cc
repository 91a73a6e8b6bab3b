// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Graphs that no tracer makes but a file may hold: sizes whose products do not fit, stages that do not belong together, work
// hidden in small files. Each is refused or costs little to load.
#include <doctest/doctest.h>

#include <cmath>
#include <span>

#include "check_same.h"
#include "compiler/fold_constants.h"
#include "compiler/interpret.h"
#include "compiler/passes.h"
#include "compiler/program.h"
#include "graphs.h"

using namespace keima;
using namespace keima::compiler;

namespace {

constexpr int64_t kHuge = int64_t{1} << 30;

Attrs conv_attrs(const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups) { return Attrs{stride, padding, dilation, groups}; }

Attrs block_attrs(const Dims& stride, const Dims& padding) { return Attrs{stride, padding, std::string(), std::string(), std::string()}; }

}  // namespace

TEST_CASE("a depthwise stage that takes several channels a group is refused") {
  Maker m;
  const ValueId x = m.input({1, 8, 9, 9}), project = m.constant({5, 4, 1, 1}, 1);
  CHECK_THROWS_WITH_AS(m.add("inverted_residual", {x, m.constant({4, 1, 2, 3, 3}, 2), project}, block_attrs({1, 1}, {1, 1})),
                       doctest::Contains("expected shape (C, 1, 1, kh, kw)"), Error);
}

TEST_CASE("a block whose stages, which no value of the graph shows, are beyond any memory is refused") {
  Maker m;
  const ValueId x = m.input({1, 1, 1, kHuge}), wide = m.input({kHuge, 1, 1, 1}), depthwise = m.input({kHuge, 1, 1, 1, 1}), project = m.input({1, kHuge, 1, 1});
  CHECK_THROWS_AS(m.add("inverted_residual", {x, depthwise, project, wide}, block_attrs({1, 1}, {0, 0})), Error);
}

TEST_CASE("windows between borders beyond any memory are refused") {
  Maker m;
  const ValueId x = m.input({1, 8, 1, 1}), plain = m.input({1, 1, 1, 1}), weight = m.constant({8, 8, 3, 3}, 1);
  // The borders' bytes are 90304 modulo 2^64.
  const Dims far{883113074, 652759843};
  CHECK_THROWS_WITH_AS(m.add("conv2d", {x, weight}, conv_attrs({1, 1}, far, far, 1)), doctest::Contains("more memory than can be addressed"), Error);
  CHECK_THROWS_AS(m.add("conv2d", {plain, m.constant({8, 1, 3, 1}, 1)}, conv_attrs({1, 1}, {kHuge, kHuge}, {kHuge, 1}, 1)), Error);
  CHECK_THROWS_AS(m.add("conv2d_backward_data", {weight, x}, Attrs{Dims{1, 1}, far, far, int64_t{1}, Dims{1, 8, 1, 1}}), Error);
  CHECK_THROWS_AS(m.add("conv2d_backward_weight", {x, x}, Attrs{Dims{1, 1}, far, far, int64_t{1}, Dims{8, 8, 3, 3}}), Error);
}

TEST_CASE("windows as wide as their stride are a product, however wide") {
  constexpr int64_t wide = 1 << 12;  // their taps' residues, each sorted against those before it, would take minutes
  Maker m;
  const ValueId x = m.input({1, 8, 1, 4 * wide}), weight = m.input({8, 8, 1, wide});
  const ValueId rows = m.add("reshape", {m.add("transpose", {m.add("reshape", {x}, Attrs{Dims{8, 4, wide}})}, Attrs{Dims{1, 0, 2}})}, Attrs{Dims{4, 8 * wide}});
  const ValueId product = m.add("matmul", {m.add("reshape", {weight}, Attrs{Dims{8, 8 * wide}}), rows}, Attrs{false, true});
  m.graph.outputs = {m.add("conv2d", {x, weight}, conv_attrs({1, wide}, {0, 0}, {1, 1}, 1)), m.add("reshape", {product}, Attrs{Dims{1, 8, 1, 4}})};
  const std::vector<Tensor> inputs{random_tensor({1, 8, 1, 4 * wide}, 1), random_tensor({8, 8, 1, wide}, 2)};
  for (const Tensor& input : inputs)  // whole numbers, whose sums are exact in any order
    for (float& value : std::span(input.data<float>(), static_cast<size_t>(input.numel()))) value = std::round(2 * value);
  const std::vector<Tensor> results = Program(m.graph).run(inputs);
  check_same({results.begin(), results.begin() + 1}, {results.begin() + 1, results.end()});
}

TEST_CASE("a gradient visits no pixels of strides that lie outside its image") {
  constexpr int64_t far = 1 << 29;
  Maker m;
  const ValueId weight = m.constant({5, 3, 3, 3}, 1), dy = m.input({2, 5, 3, 3});
  const Attrs apart{Dims{4, far}, Dims{4, far}, Dims{1, 1}, int64_t{1}, Dims{2, 3, 6, 6}};
  // Of its columns of windows only the middle one meets the image, at its left edge.
  const ValueId middle = m.add("slice", {dy}, Attrs{Dims{0, 0, 0, 1}, Dims{2, 5, 3, 1}, Dims{1, 1, 1, 1}});
  m.graph.outputs = {m.add("conv2d_backward_data", {weight, dy}, apart),
                     m.add("conv2d_backward_data", {weight, middle}, Attrs{Dims{4, 4}, Dims{4, 0}, Dims{1, 1}, int64_t{1}, Dims{2, 3, 6, 6}})};
  const Tensor input = random_tensor({2, 5, 3, 3}, 2);
  const std::vector<Tensor> results = Program(m.graph).run(std::span(&input, 1));
  check_same({results.begin(), results.begin() + 1}, {results.begin() + 1, results.end()});
}

TEST_CASE("a stride beyond the image is as good as one that reaches its end") {
  Maker m;
  const ValueId x = m.input({1, 24, 5, 5}), weight = m.constant({24, 24, 3, 3}, 1), depthwise = m.constant({24, 1, 1, 3, 3}, 2), project = m.constant({7, 24, 1, 1}, 3);
  const Attrs far = conv_attrs({kHuge, kHuge}, {1, 1}, {1, 1}, 1), near = conv_attrs({5, 5}, {1, 1}, {1, 1}, 1);
  const ValueId dy = m.input({1, 24, 1, 1});
  const auto with_shape = [](int64_t stride) { return Attrs{Dims{stride, stride}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, Dims{1, 24, 5, 5}}; };
  m.graph.outputs = {m.add("conv2d", {x, weight}, far), m.add("inverted_residual", {x, depthwise, project}, block_attrs({kHuge, kHuge}, {1, 1})),
                     m.add("conv2d_backward_data", {weight, dy}, with_shape(kHuge)),
                     m.add("conv2d", {x, weight}, near), m.add("inverted_residual", {x, depthwise, project}, block_attrs({5, 5}, {1, 1})),
                     m.add("conv2d_backward_data", {weight, dy}, with_shape(5))};
  const std::vector<Tensor> inputs{random_tensor({1, 24, 5, 5}, 4), random_tensor({1, 24, 1, 1}, 5)};
  const std::vector<Tensor> results = Program(m.graph).run(inputs);
  check_same({results.begin(), results.begin() + 3}, {results.begin() + 3, results.end()});
}

TEST_CASE("folding takes no more work or memory than a file's size lets expect") {
  Maker m;
  const ValueId image = m.add("full", {}, Attrs{Dims{1, 1, 1023, 1023}, 1.0, DType(ScalarType::kFloat32)});
  const ValueId window = m.add("full", {}, Attrs{Dims{1, 1, 512, 512}, 1.0, DType(ScalarType::kFloat32)});
  // 137 billion operations.
  m.graph.outputs = {m.add("conv2d", {image, window}, conv_attrs({1, 1}, {0, 0}, {1, 1}, 1))};
  CHECK(fold_constants(m.graph) == 1);  // the window: the image is more than a folded constant may be
  Maker small;
  const ValueId pixel = small.constant({1, 8, 1, 1}, 1);
  // Its borders alone are 8 GB.
  small.graph.outputs = {small.add("conv2d", {pixel, small.constant({8, 8, 3, 3}, 2)}, conv_attrs({1, 1}, {1 << 12, 1 << 12}, {1 << 12, 1 << 12}, 1))};
  CHECK(fold_constants(small.graph) == 0);
}

TEST_CASE("passes look for operands that are left out at the end of a fused op") {
  Maker m;
  const ValueId x = m.input({1, 16, 1024, 12});
  const auto conv = [&](ValueId from, const Dims& weight, int64_t padding, int64_t groups, unsigned seed) {
    return m.add("conv2d_fused", {from, m.constant(weight, seed)}, Attrs{Dims{1, 1}, Dims{padding, padding}, Dims{1, 1}, groups, std::string(), std::string()});
  };
  const ValueId block = conv(conv(conv(x, {48, 16, 1, 1}, 0, 1, 1), {48, 1, 1, 3, 3}, 1, 48, 2), {16, 48, 1, 1}, 0, 1, 3);
  const ValueId product = m.add("linear_fused", {m.add("add", {block, x}), m.constant({5, 12}, 4)}, Attrs{std::string()});
  m.graph.outputs = {m.add("relu", {m.add("add", {m.add("add", {product, m.constant({5}, 5)}), m.input({1, 16, 1024, 5})})})};
  const std::vector<Tensor> inputs{random_tensor({1, 16, 1024, 12}, 6), random_tensor({1, 16, 1024, 5}, 7)};
  Graph graph = m.graph;
  optimize(graph);
  verify(graph);
  CHECK(graph.nodes.size() == 2);  // the block with its residual, the product with all that follows
  check_same(Program(graph).run(inputs), interpret(m.graph, inputs));
}

TEST_CASE("weights that several convolutions share, in layouts of their own, are packed for each and freed after the last") {
  Maker m;
  const ValueId x = m.input({1, 24, 6, 6}), weight = m.constant({24, 24, 3, 3}, 1);
  const ValueId grouped = m.add("reshape", {weight}, Attrs{Dims{1, 24, 24, 3, 3}});
  const ValueId turned = m.add("transpose", {weight}, Attrs{Dims{1, 0, 2, 3}});
  m.graph.outputs = {m.add("conv2d_fused", {x, weight}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string("direct")}),
                     m.add("conv2d_fused", {x, weight}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string("winograd4")}),
                     m.add("conv2d_fused", {x, grouped}, Attrs{Dims{2, 2}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string()}),
                     m.add("conv2d_fused", {x, turned}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string()})};
  const Tensor input = random_tensor({1, 24, 6, 6}, 2);
  check_same(Program(m.graph).run(std::span(&input, 1)), interpret(m.graph, std::span(&input, 1)));
  m.graph.outputs.push_back(weight);  // and read as it is
  check_same(Program(m.graph).run(std::span(&input, 1)), interpret(m.graph, std::span(&input, 1)));
}
