// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Places buffers that live at different times in one arena.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace keima::compiler {

// Steps from `first` to `last`, both included.
struct Lifetime {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // multiples of 64, one a buffer
  int64_t arena = 0;             // bytes that hold them all
  int64_t bound = 0;             // the largest live set
};

// No arena that holds the buffers is smaller: the largest sum of sizes (rounded up to 64) that live at one step.
int64_t largest_live_set(std::span<const Lifetime> buffers);

// The best of several greedy orders, each buffer going into the tightest gap that is free for its whole life (Pisarchyk
// and Lee, 2020: largest first is within a few per cent of the bound on convolutional nets).
MemoryPlan plan_memory(std::span<const Lifetime> buffers);

}  // namespace keima::compiler
