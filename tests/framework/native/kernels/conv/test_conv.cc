// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv/conv.h"

#include "../blocked.h"

using namespace keima;
using namespace keima::test;

namespace {

// A float64 result with the sum of the magnitudes of its terms, on which the error bound rests.
struct Exact {
  explicit Exact(size_t count) : value(count), magnitude(count) {}
  void add(size_t at, double term) {
    value[at] += term;
    magnitude[at] += std::abs(term);
  }
  std::vector<double> value;
  std::vector<double> magnitude;
};

struct Data {
  explicit Data(const ConvShape& s)
      : input(random_floats(static_cast<size_t>(s.batch * s.in_channels * s.in_height * s.in_width), 1)),
        weights(random_floats(
            static_cast<size_t>(s.out_channels * (s.in_channels / s.groups) * s.kernel_height * s.kernel_width), 2)),
        grad(random_floats(static_cast<size_t>(s.batch * s.out_channels * s.out_height * s.out_width), 3)),
        bias(random_floats(static_cast<size_t>(std::max(s.in_channels, s.out_channels)), 4)) {}
  std::vector<float> input, weights, grad, bias;
};

// Every product of the convolution, in seven loops: visit(input index, weight index, output index).
template <class Visit>
void each_product(const ConvShape& s, const Visit& visit) {
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t oc = 0; oc < s.out_channels; ++oc)
      for (int64_t oy = 0; oy < s.out_height; ++oy)
        for (int64_t ox = 0; ox < s.out_width; ++ox)
          for (int64_t ic = 0; ic < in_group; ++ic)
            for (int64_t ky = 0; ky < s.kernel_height; ++ky)
              for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
                const int64_t iy = oy * s.stride_height + ky * s.dilation_height - s.pad_top;
                const int64_t ix = ox * s.stride_width + kx * s.dilation_width - s.pad_left;
                if (iy < 0 || iy >= s.in_height || ix < 0 || ix >= s.in_width) continue;
                const int64_t channel = oc / out_group * in_group + ic;
                visit(static_cast<size_t>(((n * s.in_channels + channel) * s.in_height + iy) * s.in_width + ix),
                      static_cast<size_t>(((oc * in_group + ic) * s.kernel_height + ky) * s.kernel_width + kx),
                      static_cast<size_t>(((n * s.out_channels + oc) * s.out_height + oy) * s.out_width + ox));
              }
}

// Direct: relative to the magnitudes; each term enters with at most `terms` roundings, the sums are far better. Winograd's
// roundings are of numbers made of a whole tile, so that its error is bounded by the largest magnitude (conv.h).
double bound_of(ConvAlgorithm algorithm, double terms, double magnitude, double largest) {
  if (algorithm == ConvAlgorithm::kDirect) return (terms + 4) * 0x1p-24 * magnitude;
  return (algorithm == ConvAlgorithm::kWinograd2 ? 8 : 64) * 0x1p-24 * largest;
}

void check_close(const std::vector<float>& got, const Exact& exact, double terms,
                 ConvAlgorithm algorithm = ConvAlgorithm::kDirect) {
  REQUIRE(got.size() == exact.value.size());
  const double largest = got.empty() ? 0 : *std::max_element(exact.magnitude.begin(), exact.magnitude.end());
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(static_cast<double>(got[i]) - exact.value[i]) <= bound_of(algorithm, terms, exact.magnitude[i], largest))) {
      if (wrong++ == 0) first = i;
    }
  CAPTURE(first);
  CAPTURE(wrong == 0 ? 0 : got[first]);
  CAPTURE(wrong == 0 ? 0 : exact.value[first]);
  CHECK(wrong == 0);
}

std::vector<float> input_as_taken(const ConvShape& s, const std::vector<float>& plain) {
  return conv_input_is_plain(s) ? plain : to_blocked(plain, s.batch, s.in_channels, s.in_height * s.in_width);
}

double terms_of(const ConvShape& s) { return static_cast<double>(s.in_channels * s.kernel_height * s.kernel_width); }

std::vector<float> forward(const Exec& exec, const ConvShape& s, const Data& data, const ConvEpilogue& epilogue,
                           std::vector<float> output) {
  Scratch packed(conv_packed_bytes(s)), scratch(conv_forward_scratch_bytes(exec, s));
  conv_pack(exec, s, data.weights.data(), static_cast<float*>(packed.data()));
  const std::vector<float> input = input_as_taken(s, data.input);
  conv_forward(exec, s, input.data(), static_cast<float*>(packed.data()), epilogue, output.data(), scratch.data());
  return to_plain(output, s.batch, s.out_channels, s.out_height * s.out_width);
}

void check_forward(const Exec& exec, const ConvShape& s, const Data& data) {
  Exact exact(data.grad.size());
  each_product(s, [&](size_t in, size_t weight, size_t out) {
    exact.add(out, static_cast<double>(data.input[in]) * static_cast<double>(data.weights[weight]));
  });
  const int64_t pixels = s.out_height * s.out_width;
  const std::vector<float> empty = to_blocked(std::vector<float>(data.grad.size(), kNan), s.batch, s.out_channels, pixels);
  check_close(forward(exec, s, data, {}, empty), exact, terms_of(s), s.algorithm);
  for (size_t i = 0; i < exact.value.size(); ++i) {
    exact.add(i, static_cast<double>(data.bias[i / static_cast<size_t>(pixels) % static_cast<size_t>(s.out_channels)]));
    exact.add(i, static_cast<double>(data.grad[i]));
    exact.value[i] = std::fmax(exact.value[i], 0.0);
  }
  // The residual in place: the output starts as it.
  std::vector<float> output = to_blocked(data.grad, s.batch, s.out_channels, pixels);
  ConvEpilogue epilogue{data.bias.data(), output.data(), true, 0, std::numeric_limits<float>::infinity()};
  Scratch packed(conv_packed_bytes(s)), scratch(conv_forward_scratch_bytes(exec, s));
  conv_pack(exec, s, data.weights.data(), static_cast<float*>(packed.data()));
  const std::vector<float> input = input_as_taken(s, data.input);
  conv_forward(exec, s, input.data(), static_cast<float*>(packed.data()), epilogue, output.data(), scratch.data());
  check_close(to_plain(output, s.batch, s.out_channels, pixels), exact, terms_of(s), s.algorithm);
}

void check_backward_data(const Exec& exec, const ConvShape& s, const Data& data) {
  const int64_t pixels = s.in_height * s.in_width;
  Exact exact(data.input.size());
  each_product(s, [&](size_t in, size_t weight, size_t out) {
    exact.add(in, static_cast<double>(data.grad[out]) * static_cast<double>(data.weights[weight]));
  });
  ConvEpilogue epilogue;
  if (!conv_input_is_plain(s)) {
    epilogue.bias = data.bias.data();
    for (size_t i = 0; i < exact.value.size(); ++i)
      exact.add(i, static_cast<double>(data.bias[i / static_cast<size_t>(pixels) % static_cast<size_t>(s.in_channels)]));
  }
  Scratch packed(conv_backward_packed_bytes(s)), scratch(conv_backward_data_scratch_bytes(exec, s));
  conv_backward_pack(exec, s, data.weights.data(), static_cast<float*>(packed.data()));
  const std::vector<float> grad = to_blocked(data.grad, s.batch, s.out_channels, s.out_height * s.out_width);
  std::vector<float> grad_input = input_as_taken(s, std::vector<float>(data.input.size(), kNan));
  conv_backward_data(exec, s, grad.data(), static_cast<float*>(packed.data()), epilogue, grad_input.data(), scratch.data());
  if (!conv_input_is_plain(s)) grad_input = to_plain(grad_input, s.batch, s.in_channels, pixels);
  check_close(grad_input, exact, static_cast<double>(s.out_channels * s.kernel_height * s.kernel_width), s.algorithm);
}

void check_backward_weights(const Exec& exec, const ConvShape& s, const Data& data) {
  Exact exact(data.weights.size()), exact_bias(static_cast<size_t>(s.out_channels));
  each_product(s, [&](size_t in, size_t weight, size_t out) {
    exact.add(weight, static_cast<double>(data.grad[out]) * static_cast<double>(data.input[in]));
  });
  const auto pixels = static_cast<size_t>(s.out_height * s.out_width);
  for (size_t i = 0; i < data.grad.size(); ++i)
    exact_bias.add(i / pixels % static_cast<size_t>(s.out_channels), static_cast<double>(data.grad[i]));
  const std::vector<float> input = input_as_taken(s, data.input);
  const std::vector<float> grad = to_blocked(data.grad, s.batch, s.out_channels, s.out_height * s.out_width);
  std::vector<float> grad_weights(data.weights.size(), kNan), grad_bias(static_cast<size_t>(s.out_channels), kNan);
  Scratch scratch(conv_backward_weights_scratch_bytes(exec, s));
  conv_backward_weights(exec, s, input.data(), grad.data(), grad_weights.data(), scratch.data());
  check_close(grad_weights, exact, static_cast<double>(s.batch) * static_cast<double>(pixels), s.algorithm);
  conv_backward_bias(exec, s, grad.data(), grad_bias.data());
  check_close(grad_bias, exact_bias, 4);
}

struct Square {
  int64_t batch, in_channels, size, out_channels, kernel, stride, pad, dilation, groups;
};

ConvShape shape_of(const Square& q) {
  const int64_t out = conv_output_size(q.size, q.kernel, q.stride, q.pad, q.pad, q.dilation);
  return {q.batch, q.in_channels, q.size, q.size, q.out_channels, out, out, q.kernel, q.kernel,
          q.stride, q.stride, q.pad, q.pad, q.dilation, q.dilation, q.groups};
}

void check_algorithm(const ConvShape& s) {
  CAPTURE(s.batch); CAPTURE(s.in_channels); CAPTURE(s.in_height); CAPTURE(s.out_channels); CAPTURE(s.kernel_height);
  CAPTURE(s.stride_height); CAPTURE(s.pad_top); CAPTURE(s.dilation_height); CAPTURE(s.groups);
  CAPTURE(static_cast<int>(s.algorithm));
  const Data data(s);
  for_each_exec([&](const Exec& exec) {
    check_forward(exec, s, data);
    check_backward_data(exec, s, data);
    check_backward_weights(exec, s, data);
  });
}

void check_winograd(ConvShape s) {
  for (const ConvAlgorithm algorithm : {ConvAlgorithm::kWinograd2, ConvAlgorithm::kWinograd4}) {
    s.algorithm = algorithm;
    REQUIRE(conv_supports(s, algorithm));
    check_algorithm(s);
  }
}

}  // namespace

TEST_CASE("conv: rows of every width around the tiles") {
  for (const int64_t size : {1, 2, 3, 5, 7, 8, 13, 14, 15, 17, 29})
    check_algorithm(shape_of({2, 16, size, 32, 3, 1, 1, 1, 1}));
}

TEST_CASE("conv: channels that fill blocks and groups of columns badly") {
  for (const int64_t in : {5, 16, 17, 24, 40})
    for (const int64_t out : {1, 3, 16, 17, 33, 48}) check_algorithm(shape_of({1, in, 6, out, 3, 1, 1, 1, 1}));
}

TEST_CASE("conv: plain inputs of few channels") {
  for (const int64_t in : {1, 3, 4}) {
    check_algorithm(shape_of({2, in, 9, 20, 3, 1, 1, 1, 1}));
    check_algorithm(shape_of({9, in, 8, 33, 5, 1, 2, 1, 1}));
    check_algorithm(shape_of({1, in, 23, 64, 7, 2, 3, 1, 1}));
    CHECK(conv_input_is_plain(shape_of({1, in, 23, 64, 7, 2, 3, 1, 1})));
  }
  // Rows of taps, and what does not go by rows: strides above 2 and dilation.
  for (const int64_t stride : {1, 2, 3})
    for (const int64_t dilation : {1, 2})
      for (const int64_t pad : {0, 1, 4}) check_algorithm(shape_of({1, 3, 17, 24, 3, stride, pad, dilation, 1}));
  check_algorithm(shape_of({4, 3, 1, 17, 3, 1, 1, 1, 1}));
  check_algorithm(shape_of({1, 3, 2, 1000, 3, 2, 1, 1, 1}));
  check_algorithm(ConvShape{2, 3, 5, 40, 16, 3, 21, 3, 5, 2, 2, 1, 3, 1, 1, 1});
  CHECK_FALSE(conv_input_is_plain(shape_of({1, 5, 9, 20, 3, 1, 1, 1, 1})));
}

TEST_CASE("conv: one tap, in place and subsampled") {
  for (const int64_t in : {16, 24, 64})
    for (const int64_t stride : {1, 2, 3}) {
      check_algorithm(shape_of({2, in, 8, 48, 1, stride, 0, 1, 1}));
      check_algorithm(shape_of({1, in, 15, 20, 1, stride, 0, 1, 1}));
    }
  check_algorithm(shape_of({2, 16, 4, 16, 1, 1, 2, 1, 1}));
}

TEST_CASE("conv: strides, paddings and dilations") {
  for (const int64_t stride : {1, 2, 3, 5})
    for (const int64_t dilation : {1, 2, 3})
      for (const int64_t pad : {0, 1, 4}) check_algorithm(shape_of({1, 17, 13, 18, 3, stride, pad, dilation, 1}));
}

TEST_CASE("conv: windows and strides of thousands of pixels") {
  // By rows of 1: [n, in, height, width, out, height, width, kernel, stride, pad, dilation, groups].
  check_algorithm(ConvShape{1, 5, 1, 8000, 3, 1, 4, 1, 2000, 1, 2000, 0, 0, 1, 1, 1});
  check_algorithm(ConvShape{1, 5, 1, 3998, 3, 1, 3, 1, 2000, 1, 999, 0, 0, 1, 1, 1});
  check_algorithm(ConvShape{2, 17, 1, 40, 3, 1, 2, 1, 3, 1, 6000, 0, 3000, 1, 5, 1});
  // A gradient most of whose pixels no window meets, and one whose classes have one tap each.
  check_algorithm(ConvShape{1, 5, 3, 4097, 4, 1, 2, 1, 2, 4096, 4096, 0, 2047, 1, 1, 1});
  check_algorithm(ConvShape{1, 17, 200, 240, 17, 2, 2, 100, 119, 100, 120, 0, 0, 1, 1, 17});
  check_algorithm(ConvShape{1, 6, 1, 3000, 4, 1, 3, 1, 700, 1, 1100, 0, 0, 1, 1, 2});
}

TEST_CASE("conv: kernels of even size, of one side, larger than the image, with uneven padding") {
  check_algorithm(shape_of({2, 16, 8, 16, 2, 2, 0, 1, 1}));
  check_algorithm(shape_of({2, 16, 8, 16, 4, 2, 1, 1, 1}));
  check_algorithm(shape_of({1, 20, 3, 16, 7, 1, 3, 1, 1}));
  ConvShape s{2, 18, 7, 12, 20, 5, 6, 1, 5, 2, 2, 1, 3, 1, 1, 1};
  check_algorithm(s);
  s = ConvShape{1, 16, 5, 9, 16, 6, 10, 3, 2, 1, 1, 1, 1, 1, 1, 1};
  s.pad_top = 2, s.pad_left = 0;
  s.out_height = conv_output_size(5, 3, 1, 2, 1, 1);
  s.out_width = conv_output_size(9, 2, 1, 0, 1, 1);
  check_algorithm(s);
}

TEST_CASE("conv: small images, the batch innermost") {
  for (const int64_t size : {1, 2, 4, 7, 8})
    for (const int64_t stride : {1, 2}) check_algorithm(shape_of({15, 24, size, 40, 3, stride, 1, 1, 1}));
  check_algorithm(shape_of({8, 32, 4, 32, 1, 1, 0, 1, 1}));
  check_algorithm(shape_of({8, 16, 6, 16, 3, 3, 2, 2, 1}));
}

TEST_CASE("conv: groups that fill blocks, that do not, and depthwise") {
  check_algorithm(shape_of({2, 32, 6, 64, 3, 1, 1, 1, 2}));
  check_algorithm(shape_of({2, 12, 6, 18, 3, 2, 1, 1, 3}));
  check_algorithm(shape_of({9, 64, 4, 24, 1, 1, 0, 1, 4}));
  check_algorithm(shape_of({1, 8, 6, 16, 3, 1, 1, 1, 8}));
  for (const int64_t channels : {3, 16, 17, 40})
    for (const int64_t stride : {1, 2}) {
      check_algorithm(shape_of({2, channels, 12, channels, 3, stride, 1, 1, channels}));
      check_algorithm(shape_of({1, channels, 9, channels, 5, stride, 0, 2, channels}));
    }
  for (const int64_t size : {1, 2, 7, 19, 30})
    for (const int64_t kernel : {3, 5})
      for (const int64_t stride : {1, 2, 3}) check_algorithm(shape_of({1, 24, size, 24, kernel, stride, kernel / 2, 1, 24}));
  for (const int64_t pad : {0, 4, 6}) check_algorithm(shape_of({2, 17, 6, 17, 5, 1, pad, 1, 17}));  // targets without any tap
}

TEST_CASE("conv: images cut into strips") {
  check_algorithm(shape_of({1, 48, 70, 16, 3, 1, 1, 1, 1}));
  check_algorithm(shape_of({1, 64, 64, 16, 3, 2, 1, 1, 1}));
}

TEST_CASE("conv: Winograd's tiles, cut by chunks and by every edge") {
  for (const int64_t size : {1, 2, 3, 4, 5, 8, 13}) check_winograd(shape_of({2, 16, size, 32, 3, 1, 1, 1, 1}));
  for (const int64_t in : {5, 24, 40})
    for (const int64_t out : {1, 17, 48}) check_winograd(shape_of({1, in, 6, out, 3, 1, 1, 1, 1}));
  for (const int64_t pad : {0, 1, 2}) check_winograd(shape_of({1, 32, 10, 32, 3, 1, pad, 1, 1}));
  check_winograd(shape_of({70, 16, 4, 20, 3, 1, 1, 1, 1}));  // two chunks of images
  check_winograd(shape_of({2, 72, 21, 17, 3, 1, 1, 1, 1}));  // chunks that end within an image
  check_winograd(shape_of({2, 32, 6, 64, 3, 1, 1, 1, 2}));   // groups, of whole blocks and not
  check_winograd(shape_of({2, 12, 6, 18, 3, 1, 1, 1, 3}));
  check_winograd(ConvShape{1, 16, 6, 11, 16, 6, 11, 3, 3, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("conv: what Winograd takes, and when eager execution chooses it") {
  using enum ConvAlgorithm;
  CHECK(conv_supports(shape_of({1, 16, 8, 16, 3, 1, 1, 1, 1}), kWinograd4));
  for (const Square& q : {Square{1, 16, 8, 16, 3, 2, 1, 1, 1}, Square{1, 16, 8, 16, 3, 1, 1, 2, 1}, Square{1, 16, 8, 16, 5, 1, 1, 1, 1},
                          Square{1, 16, 8, 16, 3, 1, 3, 1, 1}, Square{1, 16, 8, 16, 3, 1, 1, 1, 16}, Square{1, 3, 8, 16, 3, 1, 1, 1, 1}})
    CHECK_FALSE(conv_supports(shape_of(q), kWinograd4));
  for (const ConvPass pass : {ConvPass::kForward, ConvPass::kBackwardData, ConvPass::kBackwardWeights}) {
    CHECK(conv_choose(shape_of({16, 64, 56, 64, 3, 1, 1, 1, 1}), pass) == kWinograd4);
    CHECK(conv_choose(shape_of({16, 512, 7, 512, 3, 1, 1, 1, 1}), pass) == kWinograd4);
    CHECK(conv_choose(shape_of({64, 256, 2, 256, 3, 1, 1, 1, 1}), pass) == kDirect);
    CHECK(conv_choose(shape_of({1, 512, 7, 512, 3, 1, 1, 1, 1}), pass) == kDirect);
    CHECK(conv_choose(shape_of({16, 16, 56, 64, 3, 1, 1, 1, 1}), pass) == kDirect);
  }
}

TEST_CASE("conv: the choice for weights that are packed once") {
  using enum ConvAlgorithm;
  CHECK(conv_choose_packed(shape_of({1, 64, 56, 64, 3, 1, 1, 1, 1})) == kWinograd4);
  CHECK(conv_choose_packed(shape_of({1, 128, 28, 128, 3, 1, 1, 1, 1})) == kWinograd4);
  CHECK(conv_choose_packed(shape_of({1, 256, 14, 256, 3, 1, 1, 1, 1})) == kWinograd2);
  CHECK(conv_choose_packed(shape_of({1, 512, 7, 512, 3, 1, 1, 1, 1})) == kWinograd2);
  CHECK(conv_choose_packed(shape_of({1, 512, 2, 512, 3, 1, 1, 1, 1})) == kDirect);
  CHECK(conv_choose_packed(shape_of({1, 64, 56, 64, 3, 2, 1, 1, 1})) == kDirect);
  CHECK(conv_choose_packed(shape_of({1, 16, 56, 64, 3, 1, 1, 1, 1})) == kDirect);
}

TEST_CASE("conv: bits do not depend on the number of threads") {
  for (Square q : {Square{5, 32, 14, 48, 3, 1, 1, 1, 1}, Square{1, 32, 14, 48, 3, 1, 1, 1, 1}, Square{16, 32, 4, 48, 3, 1, 1, 1, 1},
                   Square{-16, 32, 14, 48, 3, 1, 1, 1, 1}, Square{-1, 32, 14, 48, 3, 1, 1, 1, 1}}) {
    const bool by_winograd = q.batch < 0;
    q.batch = std::abs(q.batch);
    ConvShape s = shape_of(q);
    if (by_winograd) s.algorithm = ConvAlgorithm::kWinograd4;
    const Data data(s);
    Exec exec{detect_isa(), {}};
    const std::vector<float> empty(static_cast<size_t>(s.batch * 3 * s.out_height * s.out_width * 16));
    const std::vector<float> alone = forward(exec, s, data, {}, empty);
    ThreadPool pool(4);
    exec.parallel = pool.parallel();
    CHECK(forward(exec, s, data, {}, empty) == alone);
  }
}
