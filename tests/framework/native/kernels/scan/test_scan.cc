// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Running sums against one loop, in place too.
#include "kernels/scan/scan.h"

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

TEST_CASE("every element is the sum up to it, from either end, in place or not") {
  struct Shape {
    int64_t outer, n, inner;
  };
  for_each_exec([](const Exec& exec) {
    for (const Shape& s : {Shape{1, 1, 1}, Shape{3, 100, 1}, Shape{2, 7, 130}, Shape{1, 5000, 64}, Shape{4, 0, 3}, Shape{2, 3, 0}})
      for (const bool reverse : {false, true}) {
        const auto count = static_cast<size_t>(s.outer * s.n * s.inner);
        std::vector<int32_t> in(count), exact(count);
        for (size_t i = 0; i < count; ++i) in[i] = static_cast<int32_t>(i * 2654435761U);
        for (int64_t o = 0; o < s.outer; ++o)
          for (int64_t k = 0; k < s.inner; ++k) {
            uint32_t sum = 0;
            for (int64_t i = 0; i < s.n; ++i) {
              const auto at = static_cast<size_t>((o * s.n + (reverse ? s.n - 1 - i : i)) * s.inner + k);
              sum += static_cast<uint32_t>(in[at]);
              exact[at] = static_cast<int32_t>(sum);
            }
          }
        std::vector<int32_t> out(count);
        cumsum(exec, {ScalarType::kInt32, s.outer, s.n, s.inner, reverse, in.data(), out.data()});
        CHECK(out == exact);
        cumsum(exec, {ScalarType::kInt32, s.outer, s.n, s.inner, reverse, in.data(), in.data()});
        CHECK(in == exact);
      }
  });
}

TEST_CASE("floats are added one by one") {
  const float in[] = {1.F, 1e8F, -1e8F, 0.5F};
  float out[4];
  for_each_exec([&](const Exec& exec) {
    cumsum(exec, {ScalarType::kFloat32, 1, 4, 1, false, in, out});
    CHECK(out[0] == 1.F);
    CHECK(out[2] == 0.F);
    CHECK(out[3] == 0.5F);
  });
}
