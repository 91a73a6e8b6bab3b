// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Layer normalisation against its definition in double.
#include "kernels/layer_norm/layer_norm.h"

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

std::vector<double> exact(const std::vector<float>& x, int64_t n, double eps) {
  std::vector<double> y(x.size());
  for (size_t row = 0; row < x.size(); row += static_cast<size_t>(n)) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) mean += static_cast<double>(x[row + i]) / static_cast<double>(n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i)
      variance += std::pow(static_cast<double>(x[row + i]) - mean, 2) / static_cast<double>(n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i)
      y[row + i] = (static_cast<double>(x[row + i]) - mean) / std::sqrt(variance + eps);
  }
  return y;
}

}  // namespace

TEST_CASE("layer_norm: rows of every length around the vectors, with and without weight and bias, also far from zero") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t n : {1, 3, 7, 16, 17, 31, 64, 384, 1000})
      for (const float offset : {0.0F, 1000.0F}) {
        const int64_t rows = 5;
        std::vector<float> x = random_floats(static_cast<size_t>(rows * n), 1);
        for (float& value : x) value += offset;
        const std::vector<float> weight = random_floats(static_cast<size_t>(n), 2), bias = random_floats(static_cast<size_t>(n), 3);
        const std::vector<double> expected = exact(x, n, 1e-5);
        // Rounding x - mean is relative to the offset: half a unit in the last place of 1000, over the deviation of about 0.58.
        const double bound = offset == 0.0F ? 4e-6 : 4e-4;
        for (const bool affine : {false, true}) {
          CAPTURE(n); CAPTURE(offset); CAPTURE(affine);
          std::vector<float> y = x;  // in place
          layer_norm(exec, {rows, n, 1e-5F, y.data(), affine ? weight.data() : nullptr, affine ? bias.data() : nullptr, y.data()});
          double worst = 0;
          for (size_t i = 0; i < y.size(); ++i) {
            const auto at = i % static_cast<size_t>(n);
            const double wanted = affine ? expected[i] * static_cast<double>(weight[at]) + static_cast<double>(bias[at]) : expected[i];
            worst = std::max(worst, std::abs(static_cast<double>(y[i]) - wanted));
          }
          CHECK(worst <= bound * (n == 1 ? 200 : 1));
        }
      }
  });
}

TEST_CASE("layer_norm: a NaN stays in its row") {
  for_each_exec([](const Exec& exec) {
    std::vector<float> x = random_floats(40, 4);
    x[3] = kNan;
    std::vector<float> y(x.size());
    layer_norm(exec, {2, 20, 1e-5F, x.data(), nullptr, nullptr, y.data()});
    for (size_t i = 0; i < 20; ++i) CHECK(std::isnan(y[i]));
    for (size_t i = 20; i < 40; ++i) CHECK(std::isfinite(y[i]));
  });
}

TEST_CASE("layer_norm_backward: every length around the vectors, several runs of rows, with and without weight") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t n : {1, 3, 16, 17, 31, 384})
      for (const bool affine : {false, true}) {
        CAPTURE(n); CAPTURE(affine);
        const int64_t rows = 130;
        const auto at = [&](int64_t row, int64_t i) { return static_cast<size_t>(row * n + i); };
        const std::vector<float> x = random_floats(static_cast<size_t>(rows * n), 1), dy = random_floats(x.size(), 2);
        const std::vector<float> weight = random_floats(static_cast<size_t>(n), 3, 0.5F, 1.5F);
        const std::vector<double> z = exact(x, n, 1e-2);
        std::vector<float> dx(x.size(), kNan), dweight(weight.size(), kNan), dbias(weight.size(), kNan);
        const LayerNormBackwardArgs args{rows, n, 1e-2F, x.data(), affine ? weight.data() : nullptr, dy.data(), dx.data(), dweight.data(), dbias.data()};
        Scratch scratch(layer_norm_backward_scratch_bytes(rows, n));
        layer_norm_backward(exec, args, scratch.data());

        std::vector<double> wanted_weight(weight.size()), wanted_bias(weight.size());
        for (int64_t row = 0; row < rows; ++row) {
          double mean_x = 0, variance = 0, mean = 0, along = 0;
          for (int64_t i = 0; i < n; ++i) {
            const double g = static_cast<double>(dy[at(row, i)]) * (affine ? static_cast<double>(weight[static_cast<size_t>(i)]) : 1);
            mean += g / static_cast<double>(n);
            along += g * z[at(row, i)] / static_cast<double>(n);
            mean_x += static_cast<double>(x[at(row, i)]) / static_cast<double>(n);
            wanted_weight[static_cast<size_t>(i)] += static_cast<double>(dy[at(row, i)]) * z[at(row, i)];
            wanted_bias[static_cast<size_t>(i)] += static_cast<double>(dy[at(row, i)]);
          }
          for (int64_t i = 0; i < n; ++i) variance += std::pow(static_cast<double>(x[at(row, i)]) - mean_x, 2) / static_cast<double>(n);
          for (int64_t i = 0; i < n; ++i) {
            const double g = static_cast<double>(dy[at(row, i)]) * (affine ? static_cast<double>(weight[static_cast<size_t>(i)]) : 1);
            const double wanted = (g - mean - z[at(row, i)] * along) / std::sqrt(variance + 1e-2);
            CHECK(static_cast<double>(dx[at(row, i)]) == doctest::Approx(wanted).epsilon(1e-4).scale(1));
          }
        }
        for (size_t i = 0; i < weight.size(); ++i) {
          CHECK(static_cast<double>(dweight[i]) == doctest::Approx(wanted_weight[i]).epsilon(1e-5).scale(10));
          CHECK(static_cast<double>(dbias[i]) == doctest::Approx(wanted_bias[i]).epsilon(1e-5).scale(10));
        }
      }
  });
}

TEST_CASE("layer_norm_backward: the same bits on any number of threads") {
  const int64_t rows = 500, n = 33;
  const std::vector<float> x = random_floats(static_cast<size_t>(rows * n), 5), dy = random_floats(x.size(), 6);
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::vector<float> all(static_cast<size_t>((rows + 2) * n));
    const LayerNormBackwardArgs args{rows, n, 1e-5F, x.data(), nullptr, dy.data(), all.data(), &all[static_cast<size_t>(rows * n)], &all[static_cast<size_t>((rows + 1) * n)]};
    Scratch scratch(layer_norm_backward_scratch_bytes(rows, n));
    layer_norm_backward({detect_isa(), pool.parallel()}, args, scratch.data());
    results.push_back(all);
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}
