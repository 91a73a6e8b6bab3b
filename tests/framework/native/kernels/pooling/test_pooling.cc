// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Pooling against its definition, one window at a time; what scatters is the transpose of what gathers.
#include "kernels/pooling/pooling.h"

#include "../blocked.h"

using namespace keima;
using namespace keima::test;

namespace {

constexpr int64_t kImages = 2, kChannels = 17;  // a block and one lane of another

PoolArgs args_of(int64_t h, int64_t w, int64_t kernel_h, int64_t kernel_w, int64_t stride, int64_t pad_h, int64_t pad_w) {
  return {kImages * 2, h, w, (h + 2 * pad_h - kernel_h) / stride + 1, (w + 2 * pad_w - kernel_w) / stride + 1, kernel_h, kernel_w, stride, stride, pad_h, pad_w};
}

const PoolArgs kCases[] = {args_of(1, 1, 1, 1, 1, 0, 0), args_of(6, 6, 2, 2, 2, 0, 0), args_of(7, 5, 3, 2, 2, 1, 0), args_of(9, 8, 3, 3, 1, 1, 1),
                           args_of(5, 11, 5, 3, 3, 2, 1)};

int64_t in_pixels(const PoolArgs& a) { return a.in_h * a.in_w; }
int64_t out_pixels(const PoolArgs& a) { return a.out_h * a.out_w; }

// Calls visit(out_pixel, in_pixel) for each tap inside the image.
template <class Visit>
void each_tap(const PoolArgs& a, const Visit& visit) {
  for (int64_t oy = 0; oy < a.out_h; ++oy)
    for (int64_t ox = 0; ox < a.out_w; ++ox)
      for (int64_t ky = 0; ky < a.kernel_h; ++ky)
        for (int64_t kx = 0; kx < a.kernel_w; ++kx) {
          const int64_t y = oy * a.stride_h + ky - a.padding_h, x = ox * a.stride_w + kx - a.padding_w;
          if (y >= 0 && y < a.in_h && x >= 0 && x < a.in_w) visit(oy * a.out_w + ox, y * a.in_w + x);
        }
}

std::vector<float> drawn(int64_t pixels, uint32_t seed) { return random_floats(static_cast<size_t>(kImages * kChannels * pixels), seed); }
std::vector<float> blocked(const std::vector<float>& plain, int64_t pixels) { return to_blocked(plain, kImages, kChannels, pixels); }
std::vector<float> plain(const std::vector<float>& blocks, int64_t pixels) { return to_plain(blocks, kImages, kChannels, pixels); }

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

TEST_CASE("max_pool: the largest of each window and the first place of it, with positions and without") {
  for_each_exec([](const Exec& exec) {
    for (const PoolArgs& a : kCases) {
      std::vector<float> x = drawn(in_pixels(a), 1);
      for (float& value : x) value = std::round(value * 4);  // equals
      x[0] = kNan;
      const auto planes = static_cast<size_t>(kImages * kChannels);
      std::vector<float> want(planes * static_cast<size_t>(out_pixels(a)), -INFINITY);
      std::vector<int32_t> where(want.size(), -1);
      for (size_t plane = 0; plane < planes; ++plane)
        each_tap(a, [&](int64_t out, int64_t in) {
          const size_t at = plane * static_cast<size_t>(out_pixels(a)) + static_cast<size_t>(out);
          const float value = x[plane * static_cast<size_t>(in_pixels(a)) + static_cast<size_t>(in)];
          if (where[at] >= 0 && !(value > want[at]) && (!std::isnan(value) || std::isnan(want[at]))) return;
          if (std::isnan(want[at])) return;
          want[at] = value;
          where[at] = static_cast<int32_t>(in);
        });
      const std::vector<float> in = blocked(x, in_pixels(a));
      std::vector<float> out(static_cast<size_t>(a.planes * out_pixels(a) * 16)), alone(out.size());
      std::vector<int32_t> positions(out.size());
      max_pool(exec, a, in.data(), out.data(), positions.data());
      max_pool(exec, a, in.data(), alone.data(), nullptr);
      const std::vector<float> got = plain(out, out_pixels(a)), without = plain(alone, out_pixels(a));
      const std::vector<float> places = plain(std::vector<float>(positions.begin(), positions.end()), out_pixels(a));
      for (size_t i = 0; i < want.size(); ++i) {
        CAPTURE(a.in_h); CAPTURE(i);
        REQUIRE((std::isnan(want[i]) ? std::isnan(got[i]) && std::isnan(without[i]) : got[i] == want[i] && without[i] == want[i]));
        REQUIRE(places[i] == static_cast<float>(where[i]));
      }
    }
  });
}

TEST_CASE("max_pool_scatter is the transpose of max_pool_gather, and positions outside count for nothing") {
  for_each_exec([](const Exec& exec) {
    for (const PoolArgs& a : kCases) {
      const std::vector<float> x = drawn(in_pixels(a), 2), dy = drawn(out_pixels(a), 3);
      std::vector<float> out(static_cast<size_t>(a.planes * out_pixels(a) * 16)), gathered(out.size());
      std::vector<int32_t> positions(out.size());
      max_pool(exec, a, blocked(x, in_pixels(a)).data(), out.data(), positions.data());
      positions[0] = INT32_MIN;
      if (positions.size() > 16) positions[16] = static_cast<int32_t>(in_pixels(a));
      std::vector<float> dx(static_cast<size_t>(a.planes * in_pixels(a) * 16), kNan);
      max_pool_scatter(exec, a, blocked(dy, out_pixels(a)).data(), positions.data(), dx.data());
      max_pool_gather(exec, a, blocked(x, in_pixels(a)).data(), positions.data(), gathered.data());
      CHECK(gathered[0] == 0);
      CHECK(dot(plain(dx, in_pixels(a)), x) == doctest::Approx(dot(plain(gathered, out_pixels(a)), dy)).epsilon(1e-5));
    }
  });
}

TEST_CASE("average_pool: the mean of each window with and without padding, and its transpose") {
  for_each_exec([](const Exec& exec) {
    for (const PoolArgs& a : kCases)
      for (const bool count_padding : {false, true}) {
        const std::vector<float> x = drawn(in_pixels(a), 4), dy = drawn(out_pixels(a), 5);
        const auto planes = static_cast<size_t>(kImages * kChannels);
        std::vector<double> sum(planes * static_cast<size_t>(out_pixels(a))), taps(static_cast<size_t>(out_pixels(a)));
        each_tap(a, [&](int64_t out, int64_t in) {
          taps[static_cast<size_t>(out)] += 1;
          for (size_t plane = 0; plane < planes; ++plane)
            sum[plane * taps.size() + static_cast<size_t>(out)] += static_cast<double>(x[plane * static_cast<size_t>(in_pixels(a)) + static_cast<size_t>(in)]);
        });
        std::vector<float> out(static_cast<size_t>(a.planes * out_pixels(a) * 16)), dx(static_cast<size_t>(a.planes * in_pixels(a) * 16), kNan);
        average_pool(exec, a, count_padding, blocked(x, in_pixels(a)).data(), out.data());
        const std::vector<float> got = plain(out, out_pixels(a));
        for (size_t i = 0; i < got.size(); ++i) {
          const double share = count_padding ? static_cast<double>(a.kernel_h * a.kernel_w) : taps[i % taps.size()];
          REQUIRE(std::abs(static_cast<double>(got[i]) - sum[i] / share) < 1e-6);
        }
        average_pool_backward(exec, a, count_padding, blocked(dy, out_pixels(a)).data(), dx.data());
        CHECK(dot(plain(dx, in_pixels(a)), x) == doctest::Approx(dot(got, dy)).epsilon(1e-5));
      }
  });
}
