// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Random indices and integers for the indexing tests.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace keima::test {

// `count` integers in [low, high].
template <class T = int32_t>
std::vector<T> random_integers(int64_t count, int low, int high, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> uniform(low, high);
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values) value = static_cast<T>(uniform(generator));
  return values;
}

}  // namespace keima::test
