// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory.h"

#include <algorithm>
#include <numeric>

namespace keima::compiler {
namespace {

constexpr int64_t kAlignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

struct Placed {
  int64_t begin, end;
};

// The start of the tightest gap of at least `bytes` between sorted ranges; behind all of them if none fits.
int64_t tightest_gap(const std::vector<Placed>& taken, int64_t bytes) {
  int64_t best = -1, best_size = INT64_MAX, from = 0;
  for (const Placed& range : taken) {
    const int64_t gap = range.begin - from;
    if (gap >= bytes && gap < best_size) {
      best = from;
      best_size = gap;
    }
    from = std::max(from, range.end);
  }
  return best >= 0 ? best : from;
}

MemoryPlan place(std::span<const Lifetime> buffers, const std::vector<size_t>& order) {
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<size_t> done;
  for (const size_t i : order) {
    std::vector<Placed> taken;
    for (const size_t j : done)
      if (overlap(buffers[i], buffers[j])) taken.push_back({plan.offsets[j], plan.offsets[j] + aligned(buffers[j].bytes)});
    std::sort(taken.begin(), taken.end(), [](const Placed& a, const Placed& b) { return a.begin < b.begin; });
    plan.offsets[i] = tightest_gap(taken, aligned(buffers[i].bytes));
    plan.arena = std::max(plan.arena, plan.offsets[i] + aligned(buffers[i].bytes));
    done.push_back(i);
  }
  return plan;
}

}  // namespace

int64_t largest_live_set(std::span<const Lifetime> buffers) {
  int64_t largest = 0;
  // Sums change upwards only where a buffer begins.
  for (const Lifetime& at : buffers) {
    int64_t sum = 0;
    for (const Lifetime& buffer : buffers)
      if (buffer.first <= at.first && at.first <= buffer.last) sum += aligned(buffer.bytes);
    largest = std::max(largest, sum);
  }
  return largest;
}

MemoryPlan plan_memory(std::span<const Lifetime> buffers) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const int64_t bound = largest_live_set(buffers);
  MemoryPlan best = place(buffers, order);
  const auto try_order = [&](auto before) {
    if (best.arena == bound) return;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return before(buffers[a], buffers[b]); });
    MemoryPlan plan = place(buffers, order);
    if (plan.arena < best.arena) best = std::move(plan);
  };
  try_order([](const Lifetime& a, const Lifetime& b) { return a.bytes > b.bytes; });
  try_order([](const Lifetime& a, const Lifetime& b) { return a.last - a.first > b.last - b.first; });
  try_order([](const Lifetime& a, const Lifetime& b) { return a.bytes * (a.last - a.first + 1) > b.bytes * (b.last - b.first + 1); });
  best.bound = bound;
  return best;
}

}  // namespace keima::compiler
