// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Steps against the formulas in float64, at sizes around the vectors and the threads' ranges, in place too.
#include "kernels/optimizer/optimizer.h"

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

constexpr size_t kSizes[] = {0, 1, 3, 16, 31, 40000};

void check_near(float got, double exact) { CHECK(std::abs(static_cast<double>(got) - exact) <= 4e-7 * (1 + std::abs(exact))); }

double wide(float x) { return static_cast<double>(x); }

}  // namespace

TEST_CASE("sgd: with momentum, Nesterov's too") {
  for_each_exec([](const Exec& exec) {
    for (const size_t n : kSizes)
      for (const bool nesterov : {false, true}) {
        const std::vector<float> param = random_floats(n, 1), grad = random_floats(n, 2), velocity = random_floats(n, 3);
        std::vector<float> new_param(n, kNan), new_velocity(n, kNan);
        SgdArgs args{static_cast<int64_t>(n), param.data(), grad.data(), velocity.data(), new_param.data(), new_velocity.data(),
                     0.1F, 0.9F, 0.01F, nesterov};
        sgd_step(exec, args);
        for (size_t i = 0; i < n; ++i) {
          const double g = wide(grad[i]) + wide(0.01F) * wide(param[i]), v = wide(0.9F) * wide(velocity[i]) + g;
          check_near(new_velocity[i], v);
          check_near(new_param[i], wide(param[i]) - wide(0.1F) * (nesterov ? g + wide(0.9F) * v : v));
        }
        std::vector<float> place = param, state = velocity;
        args.param = args.new_param = place.data();
        args.velocity = args.new_velocity = state.data();
        sgd_step(exec, args);
        CHECK(place == new_param);
        CHECK(state == new_velocity);
      }
  });
}

TEST_CASE("adam: coupled and decoupled decay") {
  for_each_exec([](const Exec& exec) {
    for (const size_t n : kSizes) {
      const std::vector<float> param = random_floats(n, 1), grad = random_floats(n, 2), first = random_floats(n, 3),
                               second = random_floats(n, 4, 0, 1);
      std::vector<float> new_param(n, kNan), new_first(n, kNan), new_second(n, kNan);
      adam_step(exec, {static_cast<int64_t>(n), param.data(), grad.data(), first.data(), second.data(), new_param.data(), new_first.data(),
                       new_second.data(), 0.01F, 0.9F, 0.999F, 0.1F, 0.001F, 1e-3F, 1.5F, 0.02F, 0.98F});
      for (size_t i = 0; i < n; ++i) {
        const double p = wide(param[i]) * wide(0.98F), g = wide(grad[i]) + wide(0.02F) * p;
        const double m = wide(0.9F) * wide(first[i]) + wide(0.1F) * g, v = wide(0.999F) * wide(second[i]) + wide(0.001F) * g * g;
        check_near(new_first[i], m);
        check_near(new_second[i], v);
        check_near(new_param[i], p - wide(0.01F) * m / (std::sqrt(wide(1.5F) * v) + wide(1e-3F)));
      }
    }
  });
}
