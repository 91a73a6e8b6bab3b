// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Costs by the formulas of the field, written out here again for one case each.
#include <doctest/doctest.h>

#include <vector>

#include "ops/cost.h"
#include "ops/execute.h"
#include "ops/registry.h"

using namespace keima;

namespace {

Cost cost(const char* name, const std::vector<Dims>& shapes, const Attrs& attrs = {}) {
  const Op& op = Registry::instance().get(name);
  std::vector<Tensor> inputs, outputs;
  for (const Dims& shape : shapes) inputs.push_back(Tensor::abstract(shape, ScalarType::kFloat32));
  for (const TensorDesc& desc : infer(op, inputs, attrs)) outputs.push_back(Tensor::abstract(desc.shape, desc.dtype));
  return cost_of(op, attrs, sizes_of(inputs), sizes_of(outputs));
}

}  // namespace

TEST_CASE("a convolution takes 2 N K P Q C/g R S operations, both ways") {
  // N 2, C 6, 10x9 -> K 8, 5x5 at stride 2 and padding 1, 3x3, two groups
  const double expected = 2.0 * 2 * 8 * 5 * 5 * (6 / 2) * 3 * 3;
  const Dims x{2, 6, 10, 9}, weight{2, 4, 3, 3, 3}, y{2, 8, 5, 5};
  const Cost forward = cost("conv2d", {x, weight}, Attrs{Dims{2, 2}, Dims{1, 1}, Dims{1, 1}, int64_t{2}});
  CHECK(forward.flops == expected);
  CHECK(forward.bytes_in == 4 * (x.numel() + weight.numel()));
  CHECK(forward.bytes_out == 4 * y.numel());
  CHECK(cost("conv2d_backward_data", {weight, y}, Attrs{Dims{2, 2}, Dims{1, 1}, Dims{1, 1}, int64_t{2}, x}).flops == expected);
  CHECK(cost("conv2d_backward_weight", {x, y}, Attrs{Dims{2, 2}, Dims{1, 1}, Dims{1, 1}, int64_t{2}, weight}).flops == expected);
}

TEST_CASE("an inverted residual block takes what its convolutions take") {
  // N 2, C 3 -> 12 channels, 8x6; depthwise 3x3 at stride 2 -> 4x3; -> 5 channels
  const double expand = 2.0 * 2 * 12 * 8 * 6 * 3, depthwise = 2.0 * 2 * 12 * 4 * 3 * 9, project = 2.0 * 2 * 5 * 4 * 3 * 12;
  const Dims x{2, 3, 8, 6}, taps{12, 1, 1, 3, 3}, narrow{5, 12, 1, 1}, wide{12, 3, 1, 1};
  const Attrs attrs{Dims{2, 2}, Dims{1, 1}, std::string("relu6"), std::string("relu6"), std::string()};
  CHECK(cost("inverted_residual", {x, taps, narrow, wide}, attrs).flops == expand + depthwise + project);
  CHECK(cost("inverted_residual", {{2, 12, 8, 6}, taps, narrow}, attrs).flops == depthwise + project);
}

TEST_CASE("products, attention, elementwise ops and views") {
  CHECK(cost("matmul", {{5, 7}, {7, 3}}, Attrs{false, false}).flops == 2.0 * 5 * 7 * 3);
  CHECK(cost("matmul", {{4, 7, 5}, {4, 3, 7}}, Attrs{true, true}).flops == 2.0 * 4 * 5 * 7 * 3);
  // q k' and p v, and an exponential of each of the T S weights
  CHECK(cost("attention", {{2, 3, 5, 8}, {2, 3, 7, 8}, {2, 3, 7, 4}}, Attrs{false, 1.0}).flops == 2.0 * 3 * 5 * 7 * (2 * 8 + 2 * 4 + 1));
  const Cost sum = cost("add", {{3, 4}, {4}});
  CHECK(sum.flops == 12);
  CHECK(sum.bytes_in == 4 * (12 + 4));
  CHECK(sum.bytes_out == 4 * 12);
  CHECK(cost("reshape", {{3, 4}}, Attrs{Dims{12}}).flops == 0);
}
