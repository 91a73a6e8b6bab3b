// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Sorting against std::stable_sort, into memory that ends where it should.
#include "kernels/sorting/sorting.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

bool less(float a, float b) { return std::isnan(b) ? !std::isnan(a) : a < b; }

std::vector<int32_t> expected(const float* row, int64_t n, bool descending) {
  std::vector<int32_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return descending ? less(row[b], row[a]) : less(row[a], row[b]); });
  return order;
}

// Few values, so that many are equal, among them both zeros, infinities, NaN and a denormal.
std::vector<float> values(size_t count, unsigned seed) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float some[] = {0.F, -0.F, 1.F, -1.F, 2.5F, kInfinity, -kInfinity, std::nanf(""), -std::nanf(""), 1e-42F, -3e38F};
  std::mt19937 generator(seed);
  std::vector<float> x(count);
  for (float& v : x) v = some[generator() % std::size(some)];
  return x;
}

}  // namespace

TEST_CASE("rows come in stable order, whole or the first of them, with NaN as the largest") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t n : {1, 2, 17, 1000, 1024, 3001})
      for (const int64_t rows : {1, 5})
        for (const bool descending : {false, true})
          for (const int64_t keep : {n, n / 2, std::min<int64_t>(n, 3), int64_t{0}}) {
            const std::vector<float> in = values(static_cast<size_t>(rows * n), static_cast<unsigned>(n + rows));
            // Exactly as long as they are, for the sanitizers.
            const auto count = static_cast<size_t>(rows * keep);
            const auto out = std::make_unique<float[]>(count);
            const auto positions = std::make_unique<int32_t[]>(count);
            const SortArgs args{ScalarType::kFloat32, rows, n, keep, descending, in.data(), out.get(), positions.get()};
            const auto scratch = std::make_unique<uint64_t[]>(sort_scratch_bytes(exec, args) / sizeof(uint64_t));
            sort_rows(exec, args, scratch.get());
            bool same = true;
            for (int64_t row = 0; row < rows; ++row) {
              const std::vector<int32_t> order = expected(in.data() + row * n, n, descending);
              for (int64_t i = 0; i < keep; ++i) {
                const auto at = static_cast<size_t>(row * keep + i);
                same &= positions[at] == order[static_cast<size_t>(i)];
                same &= std::memcmp(&out[at], &in[static_cast<size_t>(row * n + order[static_cast<size_t>(i)])], sizeof(float)) == 0;
              }
            }
            CHECK_MESSAGE(same, "n ", n, " rows ", rows, " descending ", descending, " keep ", keep);
          }
  });
}
