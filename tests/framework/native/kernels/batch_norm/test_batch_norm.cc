// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Statistics, normalisation and gradient sums of channels against loops in double; bits do not depend on threads.
#include "kernels/batch_norm/batch_norm.h"

#include "../blocked.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Case {
  int64_t images, channels, pixels;
  float offset;
  int64_t blocks() const { return (channels + 15) / 16; }
  BatchNormArgs args() const { return {images, blocks(), pixels}; }
  size_t count() const { return static_cast<size_t>(images * channels * pixels); }
};

const Case kCases[] = {{1, 1, 1, 0}, {3, 17, 5, 0}, {2, 16, 49, 0}, {4, 3, 1, 1000}, {16, 40, 200, 1000}};

std::vector<float> input_of(const Case& c, uint32_t seed) {
  std::vector<float> x = random_floats(c.count(), seed);
  for (float& value : x) value += c.offset;
  return x;
}

// Calls visit(channel, value) for each element.
template <class Visit>
void each_element(const Case& c, const std::vector<float>& x, const Visit& visit) {
  for (size_t i = 0; i < x.size(); ++i) visit(i / static_cast<size_t>(c.pixels) % static_cast<size_t>(c.channels), static_cast<double>(x[i]), i);
}

struct Statistics {
  std::vector<double> mean, variance;
};

Statistics exact(const Case& c, const std::vector<float>& x) {
  const auto channels = static_cast<size_t>(c.channels);
  const auto n = static_cast<double>(c.images * c.pixels);
  Statistics s{std::vector<double>(channels), std::vector<double>(channels)};
  each_element(c, x, [&](size_t channel, double value, size_t) { s.mean[channel] += value / n; });
  each_element(c, x, [&](size_t channel, double value, size_t) { s.variance[channel] += std::pow(value - s.mean[channel], 2) / n; });
  return s;
}

}  // namespace

TEST_CASE("statistics of channels, also far from zero, whatever the number of threads") {
  for_each_exec([](const Exec& exec) {
    for (const Case& c : kCases) {
      const std::vector<float> x = input_of(c, 1), in = to_blocked(x, c.images, c.channels, c.pixels);
      const Statistics want = exact(c, x);
      const auto lanes = static_cast<size_t>(c.blocks() * 16);
      std::vector<float> mean(lanes), variance(lanes), serial_mean(lanes), serial_variance(lanes);
      batch_norm_statistics(exec, c.args(), in.data(), mean.data(), variance.data());
      batch_norm_statistics(Exec{exec.isa, {}}, c.args(), in.data(), serial_mean.data(), serial_variance.data());
      for (size_t channel = 0; channel < static_cast<size_t>(c.channels); ++channel) {
        CAPTURE(c.pixels); CAPTURE(channel);
        REQUIRE(std::abs(static_cast<double>(mean[channel]) - want.mean[channel]) <= 1e-6 * (1 + std::abs(want.mean[channel])));
        REQUIRE(std::abs(static_cast<double>(variance[channel]) - want.variance[channel]) <= 2e-6);
        REQUIRE(mean[channel] == serial_mean[channel]);
        REQUIRE(variance[channel] == serial_variance[channel]);
      }
    }
  });
}

TEST_CASE("batch_norm_apply scales and shifts each channel, in place too") {
  for_each_exec([](const Exec& exec) {
    for (const Case& c : kCases) {
      const std::vector<float> x = random_floats(c.count(), 2);
      const std::vector<float> scale = random_floats(static_cast<size_t>(c.blocks() * 16), 3), shift = random_floats(scale.size(), 4);
      std::vector<float> in = to_blocked(x, c.images, c.channels, c.pixels), out(in.size());
      batch_norm_apply(exec, c.args(), in.data(), scale.data(), shift.data(), out.data());
      batch_norm_apply(exec, c.args(), in.data(), scale.data(), shift.data(), in.data());
      const std::vector<float> got = to_plain(out, c.images, c.channels, c.pixels), in_place = to_plain(in, c.images, c.channels, c.pixels);
      CHECK(got == in_place);
      each_element(c, x, [&](size_t channel, double value, size_t i) {
        const double want = value * static_cast<double>(scale[channel]) + static_cast<double>(shift[channel]);
        REQUIRE(std::abs(static_cast<double>(got[i]) - want) <= 2e-7);
      });
    }
  });
}

TEST_CASE("gradient sums and the gradient that is made of them") {
  for_each_exec([](const Exec& exec) {
    for (const Case& c : kCases) {
      const std::vector<float> x = input_of(c, 5), g = random_floats(c.count(), 6);
      const std::vector<float> in = to_blocked(x, c.images, c.channels, c.pixels), gradient = to_blocked(g, c.images, c.channels, c.pixels);
      const auto lanes = static_cast<size_t>(c.blocks() * 16);
      std::vector<float> mean(lanes, c.offset), sum(lanes), dot(lanes);
      batch_norm_gradient_sums(exec, c.args(), in.data(), gradient.data(), mean.data(), sum.data(), dot.data());
      std::vector<double> want_sum(lanes), want_dot(lanes);
      each_element(c, x, [&](size_t channel, double value, size_t i) {
        want_sum[channel] += static_cast<double>(g[i]);
        want_dot[channel] += static_cast<double>(g[i]) * (value - static_cast<double>(c.offset));
      });
      const double bound = 1e-6 * std::sqrt(static_cast<double>(c.images * c.pixels)) + 1e-6;
      for (size_t channel = 0; channel < static_cast<size_t>(c.channels); ++channel) {
        REQUIRE(std::abs(static_cast<double>(sum[channel]) - want_sum[channel]) <= bound);
        REQUIRE(std::abs(static_cast<double>(dot[channel]) - want_dot[channel]) <= bound);
      }
      const std::vector<float> a = random_floats(lanes, 7), b = random_floats(lanes, 8, -1e-3F, 1e-3F), k = random_floats(lanes, 9);
      std::vector<float> dx(in.size());
      batch_norm_gradient(exec, c.args(), in.data(), gradient.data(), a.data(), b.data(), k.data(), dx.data());
      const std::vector<float> got = to_plain(dx, c.images, c.channels, c.pixels);
      each_element(c, x, [&](size_t channel, double value, size_t i) {
        const double want = static_cast<double>(g[i]) * static_cast<double>(a[channel]) + value * static_cast<double>(b[channel]) + static_cast<double>(k[channel]);
        REQUIRE(std::abs(static_cast<double>(got[i]) - want) <= 5e-7);
      });
    }
  });
}
