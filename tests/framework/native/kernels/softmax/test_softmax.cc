// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Softmax kernels against their definitions in double; gradients against central differences of those.
#include "kernels/softmax/softmax.h"

#include <functional>

#include "../float_arrays.h"
#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

using Real = double;

struct Shape {
  int64_t outer, n, inner;
  size_t count() const { return static_cast<size_t>(outer * n * inner); }
  size_t lines() const { return static_cast<size_t>(outer * inner); }
};
constexpr Shape kShapes[] = {{1, 1, 1}, {3, 7, 1}, {2, 64, 1}, {5, 1000, 1}, {2, 33, 5}, {1, 10, 16}, {3, 21, 37}, {40, 100, 3}};
constexpr ScalarType kTypes[] = {ScalarType::kFloat32, ScalarType::kFloat16, ScalarType::kBfloat16};

// Calls body(line's elements as Real, index of the line, position of its i-th element).
void for_each_line(const Shape& s, const std::vector<float>& x,
                   const std::function<void(const std::vector<Real>&, size_t, const std::function<size_t(size_t)>&)>& body) {
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t c = 0; c < s.inner; ++c) {
      const auto at = [&](size_t i) { return static_cast<size_t>((o * s.n + static_cast<int64_t>(i)) * s.inner + c); };
      std::vector<Real> line;
      for (size_t i = 0; i < static_cast<size_t>(s.n); ++i) line.push_back(x[at(i)]);
      body(line, static_cast<size_t>(o * s.inner + c), at);
    }
}

Real exact_logsumexp(const std::vector<Real>& x) {
  const Real m = *std::max_element(x.begin(), x.end());
  Real sum = 0;
  for (const Real v : x) sum += std::exp(v - m);
  return m + std::log(sum);
}

bool near(float got, Real exact, Real tolerance) { return std::fabs(static_cast<Real>(got) - exact) <= tolerance; }

}  // namespace

TEST_CASE("softmax, log_softmax and logsumexp against double, in every type and at large offsets") {
  for_each_exec([](const Exec& exec) {
    for (const Shape& s : kShapes)
      for (const ScalarType type : kTypes)
        for (const float offset : {0.F, 200.F, -300.F}) {
          std::vector<float> values = random_floats(s.count(), 7, -9, 9);
          for (float& v : values) v += offset;
          FloatArray x(type, values), soft(type, s.count()), log(type, s.count()), sum(type, s.lines());
          softmax(exec, {type, s.outer, s.n, s.inner, x.data(), soft.data()});
          log_softmax(exec, {type, s.outer, s.n, s.inner, x.data(), log.data()});
          logsumexp(exec, {type, s.outer, s.n, s.inner, x.data(), sum.data()});
          const std::vector<float> ys = soft.floats(), yl = log.floats(), yt = sum.floats();
          const Real epsilon = epsilon_of(type), compute = epsilon_of(ScalarType::kFloat32);
          size_t wrong = 0;
          for_each_line(s, x.floats(), [&](const std::vector<Real>& line, size_t at_line, const auto& at) {
            const Real total = exact_logsumexp(line);
            wrong += !near(yt[at_line], total, 4 * compute * (std::fabs(total) + 10) + epsilon * std::fabs(total));
            for (size_t i = 0; i < line.size(); ++i) {
              const Real p = std::exp(line[i] - total);
              wrong += !near(ys[at(i)], p, p * (20 * compute + epsilon) + 6e-8L * (type == ScalarType::kFloat16));
              wrong += !near(yl[at(i)], line[i] - total, epsilon * std::fabs(line[i] - total) + 4 * compute * 18);
            }
          });
          CHECK(wrong == 0);
        }
  });
}

TEST_CASE("infinities and NaN") {
  for_each_exec([](const Exec& exec) {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    for (const int64_t inner : {1, 3}) {
      const int64_t n = 5;
      const auto sum_with = [&](float special, bool everywhere) {
        std::vector<float> x(static_cast<size_t>(n * inner), everywhere ? special : 1.F), out(static_cast<size_t>(inner));
        for (int64_t c = 0; c < inner; ++c) x[static_cast<size_t>(2 * inner + c)] = special;
        logsumexp(exec, {ScalarType::kFloat32, 1, n, inner, x.data(), out.data()});
        return out.back();
      };
      CHECK(sum_with(-kInf, true) == -kInf);
      CHECK(sum_with(kInf, false) == kInf);
      CHECK(std::isnan(sum_with(kNan, false)));
      CHECK(std::fabs(sum_with(-kInf, false) - (1 + std::log(4.F))) < 1e-6);
    }
  });
}

TEST_CASE("gradients of softmax and log_softmax against their definitions") {
  for_each_exec([](const Exec& exec) {
    for (const Shape& s : kShapes)
      for (const ScalarType type : kTypes) {
        FloatArray x(type, random_floats(s.count(), 3, -4, 4)), y(type, s.count()), log(type, s.count());
        FloatArray dy(type, random_floats(s.count(), 4)), dx(type, s.count()), dlog(type, s.count());
        softmax(exec, {type, s.outer, s.n, s.inner, x.data(), y.data()});
        log_softmax(exec, {type, s.outer, s.n, s.inner, x.data(), log.data()});
        softmax_backward(exec, {type, s.outer, s.n, s.inner, y.data(), dy.data(), dx.data()});
        log_softmax_backward(exec, {type, s.outer, s.n, s.inner, log.data(), dy.data(), dlog.data()});
        const std::vector<float> gy = dy.floats(), got = dx.floats(), got_log = dlog.floats(), logs = log.floats();
        const Real tolerance = 8 * epsilon_of(ScalarType::kFloat32) + epsilon_of(type);
        size_t wrong = 0;
        for_each_line(s, y.floats(), [&](const std::vector<Real>& line, size_t, const auto& at) {
          Real mean = 0, total = 0, magnitude = 1;
          for (size_t i = 0; i < line.size(); ++i) {
            mean += line[i] * gy[at(i)];
            total += gy[at(i)];
            magnitude += std::fabs(gy[at(i)]);
          }
          for (size_t i = 0; i < line.size(); ++i) {
            wrong += !near(got[at(i)], line[i] * (gy[at(i)] - mean), tolerance * 4 * line[i] + 6e-8L * (type == ScalarType::kFloat16));
            const Real exact = gy[at(i)] - std::exp(static_cast<Real>(logs[at(i)])) * total;
            wrong += !near(got_log[at(i)], exact, tolerance * 2 + 4 * epsilon_of(ScalarType::kFloat32) * magnitude + epsilon_of(type) * std::fabs(exact));
          }
        });
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("cross entropy: loss by its definition, gradient by central differences of the loss") {
  for_each_exec([](const Exec& exec) {
    for (const Shape& s : kShapes)
      for (const float smooth : {0.F, 0.1F}) {
        const std::vector<float> x = random_floats(s.count(), 5, -5, 5), dloss = random_floats(s.lines(), 6);
        std::vector<int32_t> labels(s.lines());
        for (size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<int32_t>((i * 7 + 3) % static_cast<size_t>(s.n));
        std::vector<float> loss(s.lines()), saved(s.lines()), dx(s.count());
        const CrossEntropyArgs args{ScalarType::kFloat32, s.outer, s.n, s.inner, smooth, x.data(), labels.data(), saved.data(),
                                    loss.data(), dloss.data(), false, dx.data()};
        REQUIRE(softmax_cross_entropy(exec, args) == -1);
        softmax_cross_entropy_backward(exec, args);
        size_t wrong = 0;
        for_each_line(s, x, [&](std::vector<Real> line, size_t at_line, const auto& at) {
          const auto exact = [&] {
            const Real total = exact_logsumexp(line);
            Real mean = 0;
            for (const Real v : line) mean += v / static_cast<Real>(line.size());
            return total - (1 - static_cast<Real>(smooth)) * line[static_cast<size_t>(labels[at_line])] - smooth * mean;
          };
          wrong += !near(loss[at_line], exact(), 3e-6L);
          for (size_t i = 0; i < line.size(); ++i) {
            constexpr Real kStep = 1e-5L;
            const Real kept = line[i];
            line[i] = kept + kStep;
            const Real above = exact();
            line[i] = kept - kStep;
            const Real slope = (above - exact()) / (2 * kStep);
            line[i] = kept;
            wrong += !near(dx[at(i)], slope * dloss[at_line], 2e-6L);
          }
        });
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("one dloss for all, and labels that are out of range") {
  for_each_exec([](const Exec& exec) {
    const std::vector<float> x = random_floats(6, 8);
    std::vector<int32_t> labels = {2, 0};
    float loss[2] = {-1, -1}, saved[2], dx[6], dy[6];
    const float both[2] = {0.5F, 0.5F};
    CrossEntropyArgs args{ScalarType::kFloat32, 2, 3, 1, 0, x.data(), labels.data(), saved, loss, both, false, dx};
    REQUIRE(softmax_cross_entropy(exec, args) == -1);
    softmax_cross_entropy_backward(exec, args);
    args.dloss_is_scalar = true;
    args.dlogits = dy;
    softmax_cross_entropy_backward(exec, args);
    for (int i = 0; i < 6; ++i) CHECK(dx[i] == dy[i]);
    loss[0] = -1;
    for (const int32_t bad : {3, -1, INT32_MAX, INT32_MIN}) {
      labels[1] = bad;
      CHECK(softmax_cross_entropy(exec, args) == 1);
      CHECK(loss[0] == -1);
    }
  });
}

TEST_CASE("threads do not change a bit, nor does computing in place") {
  ThreadPool pool(3);
  for (const Isa isa : kBuiltIsas) {
    if (!runs(detect_isa(), isa)) continue;
    for (const Shape s : {Shape{200, 300, 1}, Shape{4, 50, 333}}) {
      const std::vector<float> x = random_floats(s.count(), 9, -20, 20);
      std::vector<float> one(s.count()), two = x;
      softmax({isa, {}}, {ScalarType::kFloat32, s.outer, s.n, s.inner, x.data(), one.data()});
      softmax({isa, pool.parallel()}, {ScalarType::kFloat32, s.outer, s.n, s.inner, two.data(), two.data()});
      CHECK(one == two);
    }
  }
}
