// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Inverted residual blocks against their convolutions one after the other, bit for bit; NaN in the tail lanes.
#include "kernels/conv/inverted_residual.h"

#include <cstring>

#include "../blocked.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Case {
  int64_t in, hidden, out, height, width, kernel, stride;
  bool expands = true, residual = false;
  int64_t batch = 1, dilation = 1;
  float in_image = 0;  // a value put into the first input, such as an infinity
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

int64_t pixels(const ConvShape& s) { return s.out_height * s.out_width; }

InvertedResidualShape shape_of(const Case& c) {
  const int64_t pad = c.kernel / 2 * c.dilation;
  const auto size = [&](int64_t n) { return conv_output_size(n, c.kernel, c.stride, pad, pad, c.dilation); };
  const int64_t h = size(c.height), w = size(c.width);
  InvertedResidualShape s{.expands = c.expands};
  s.expand = {.batch = c.batch, .in_channels = c.in, .in_height = c.height, .in_width = c.width, .out_channels = c.hidden, .out_height = c.height, .out_width = c.width};
  s.depthwise = {.batch = c.batch, .in_channels = c.hidden, .in_height = c.height, .in_width = c.width, .out_channels = c.hidden, .out_height = h, .out_width = w,
                 .kernel_height = c.kernel, .kernel_width = c.kernel, .stride_height = c.stride, .stride_width = c.stride, .pad_top = pad, .pad_left = pad,
                 .dilation_height = c.dilation, .dilation_width = c.dilation, .groups = c.hidden};
  s.project = {.batch = c.batch, .in_channels = c.hidden, .in_height = h, .in_width = w, .out_channels = c.out, .out_height = h, .out_width = w};
  return s;
}

// A stage with weights and a bias of its own.
struct Layer {
  Layer(const Exec& exec, const ConvShape& s, uint32_t seed, float highest)
      : bias(random_floats(static_cast<size_t>(s.out_channels), seed)), packed(conv_packed_bytes(s)) {
    const std::vector<float> weights =
        random_floats(static_cast<size_t>(s.out_channels * (s.in_channels / s.groups) * s.kernel_height * s.kernel_width), seed + 1);
    conv_pack(exec, s, weights.data(), static_cast<float*>(packed.data()));
    stage = {static_cast<float*>(packed.data()), {bias.data(), nullptr, highest > 0, 0, highest}};
  }
  std::vector<float> bias;
  Scratch packed;
  ConvStage stage;
};

std::vector<float> empty_blocks(const ConvShape& s) {
  return std::vector<float>(static_cast<size_t>(s.batch * ((s.out_channels + 15) / 16) * pixels(s) * 16), kNan);
}

std::vector<float> apart(const Exec& exec, const ConvShape& s, const std::vector<float>& input, const ConvStage& stage) {
  std::vector<float> output = empty_blocks(s);
  Scratch scratch(conv_forward_scratch_bytes(exec, s));
  conv_forward(exec, s, input.data(), stage.packed, stage.epilogue, output.data(), scratch.data());
  return output;
}

void check(const Exec& exec, const Case& c) {
  CAPTURE(c.in); CAPTURE(c.hidden); CAPTURE(c.out); CAPTURE(c.height); CAPTURE(c.kernel); CAPTURE(c.stride); CAPTURE(c.expands); CAPTURE(c.dilation);
  const InvertedResidualShape s = shape_of(c);
  const int64_t channels = c.expands ? c.in : c.hidden;
  std::vector<float> plain = random_floats(static_cast<size_t>(c.batch * channels * c.height * c.width), 1);
  if (c.in_image != 0) plain[0] = c.in_image;
  const std::vector<float> input = to_blocked(plain, c.batch, channels, c.height * c.width);
  const Layer expand(exec, s.expand, 10, 6), depthwise(exec, s.depthwise, 20, kInfinity);
  Layer project(exec, s.project, 30, c.residual ? 0 : 6);
  const std::vector<float> residual = to_blocked(random_floats(static_cast<size_t>(c.batch * c.out * pixels(s.project)), 40), c.batch, c.out, pixels(s.project));
  if (c.residual) project.stage.epilogue.residual = residual.data();

  const std::vector<float> expanded = c.expands ? apart(exec, s.expand, input, expand.stage) : input;
  const std::vector<float> want = to_plain(apart(exec, s.project, apart(exec, s.depthwise, expanded, depthwise.stage), project.stage), c.batch, c.out, pixels(s.project));
  std::vector<float> output = empty_blocks(s.project);
  Scratch scratch(inverted_residual_scratch_bytes(exec, s));
  inverted_residual(exec, s, input.data(), expand.stage, depthwise.stage, project.stage, output.data(), scratch.data());
  const std::vector<float> got = to_plain(output, c.batch, c.out, pixels(s.project));
  REQUIRE(got.size() == want.size());
  size_t wrong = 0;
  for (size_t i = 0; i < got.size(); ++i) wrong += std::memcmp(&got[i], &want[i], sizeof(float)) != 0 && !(std::isnan(got[i]) && std::isnan(want[i])) ? 1 : 0;
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("inverted residual: kernels, strides, images of any size, channels that end in a part of a block") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t kernel : {1, 3, 5})
      for (const int64_t stride : {1, 2, 3})
        for (const int64_t size : {1, 2, 7, 13}) check(exec, {.in = 16, .hidden = 48, .out = 24, .height = size, .width = size + 1, .kernel = kernel, .stride = stride});
    for (const int64_t in : {1, 17, 24, 32})
      for (const int64_t hidden : {2, 17, 33, 96}) check(exec, {.in = in, .hidden = hidden, .out = 1 + hidden / 2, .height = 6, .width = 9, .kernel = 3, .stride = 1});
    check(exec, {.in = 8, .hidden = 40, .out = 70, .height = 11, .width = 6, .kernel = 3, .stride = 1, .dilation = 2});
  });
}

TEST_CASE("inverted residual: without an expansion, with a residual, many images, none") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t hidden : {16, 20, 32, 41}) check(exec, {.in = 1, .hidden = hidden, .out = 16, .height = 9, .width = 10, .kernel = 3, .stride = 1, .expands = false});
    for (const int64_t batch : {2, 5, 0})
      for (const bool expands : {false, true})
        check(exec, {.in = 24, .hidden = 24, .out = 24, .height = 5, .width = 7, .kernel = 5, .stride = 1, .expands = expands, .residual = true, .batch = batch});
  });
}

TEST_CASE("inverted residual: rows in several bands, kept between them") {
  for_each_exec([](const Exec& exec) {
    check(exec, {.in = 16, .hidden = 512, .out = 16, .height = 17, .width = 40, .kernel = 3, .stride = 1, .residual = true});
    check(exec, {.in = 20, .hidden = 520, .out = 8, .height = 18, .width = 40, .kernel = 5, .stride = 2});
    check(exec, {.in = 16, .hidden = 512, .out = 16, .height = 19, .width = 40, .kernel = 1, .stride = 3});
    check(exec, {.in = 16, .hidden = 64, .out = 16, .height = 3, .width = 2000, .kernel = 5, .stride = 1});  // a row is more than a band's memory
  });
}

TEST_CASE("inverted residual: an infinity does not reach channels through lanes that do not exist") {
  for_each_exec([](const Exec& exec) {
    for (const bool expands : {false, true})
      check(exec, {.in = 17, .hidden = 20, .out = 16, .height = 4, .width = 4, .kernel = 3, .stride = 1, .expands = expands, .in_image = kInfinity});
  });
}
