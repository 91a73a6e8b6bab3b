// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Memory plans: nothing that lives at the same time overlaps, and little is wasted.
#include <doctest/doctest.h>

#include <random>

#include "compiler/memory.h"

using namespace keima::compiler;

namespace {

int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

void check_sound(const std::vector<Lifetime>& buffers, const MemoryPlan& plan) {
  for (size_t i = 0; i < buffers.size(); ++i) {
    CHECK(plan.offsets[i] % 64 == 0);
    CHECK(plan.offsets[i] + buffers[i].bytes <= plan.arena);
    for (size_t j = 0; j < i; ++j) {
      const bool together = buffers[i].first <= buffers[j].last && buffers[j].first <= buffers[i].last;
      const bool apart = plan.offsets[i] + rounded(buffers[i].bytes) <= plan.offsets[j] || plan.offsets[j] + rounded(buffers[j].bytes) <= plan.offsets[i];
      CHECK((!together || apart));
    }
  }
  CHECK(plan.bound <= plan.arena);
}

}  // namespace

TEST_CASE("a chain needs its two largest neighbours") {
  const std::vector<Lifetime> buffers{{1000, 0, 1}, {500, 1, 2}, {2000, 2, 3}, {64, 3, 4}};
  const MemoryPlan plan = plan_memory(buffers);
  check_sound(buffers, plan);
  CHECK(plan.bound == 512 + 2048);
  CHECK(plan.arena == plan.bound);
}

TEST_CASE("random lives are placed soundly, within 1.4 of the bound; nothing takes nothing") {
  std::mt19937 generator(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<Lifetime> buffers(generator() % 40);
    for (Lifetime& buffer : buffers) {
      const int first = static_cast<int>(generator() % 30);
      buffer = {static_cast<int64_t>(generator() % 5000), first, first + static_cast<int>(generator() % 6)};
    }
    const MemoryPlan plan = plan_memory(buffers);
    check_sound(buffers, plan);
    CHECK(plan.arena <= plan.bound * 14 / 10);
  }
  CHECK(plan_memory({}).arena == 0);
}
