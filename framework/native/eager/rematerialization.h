// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Dynamic tensor rematerialisation (Kirisame et al., "Dynamic Tensor Rematerialization", ICLR 2021). While a session
// records, ops remember how their results were made. When memory runs short, the result with the smallest
//   (own cost + cost of the missing values around it) / (bytes * time since the last use)
// gives its memory up, and is computed again when it is read.
//
// Kernels are functions of their operands, so that a value comes back bit for bit; what happens around an op (running
// statistics, drawing random numbers) is Python's or a tensor of its own and happens once. A value that is about to be
// written in place, or that somebody outside reads, is cut off from its recipe first (Storage::cut_off).
// All of it runs under the Python lock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/host_lock.h"
#include "eager/recipe.h"

namespace keima {

class Rematerializer {
 public:
  struct Counts {
    int64_t evictions = 0;
    int64_t recomputations = 0;
  };

  static Rematerializer& instance();

  bool enabled() const noexcept { return enabled_; }
  // Switching off keeps what was given up restorable.
  void enable(bool on) noexcept;
  // Bytes of live storages above which values are given up; 0: only when the allocator's limit is met.
  int64_t budget() const noexcept { return budget_; }
  void set_budget(int64_t bytes) noexcept;
  // Smaller storages are always kept.
  int64_t smallest() const noexcept { return smallest_; }
  void set_smallest(int64_t bytes) noexcept { smallest_ = bytes; }
  // Looks at about sqrt(n) of n candidates for a victim instead of at all.
  bool samples() const noexcept { return samples_; }
  void set_samples(bool on) noexcept { samples_ = on; }
  const Counts& counts() const noexcept { return counts_; }

  // Executes the op and remembers how; for ops that a session records.
  TensorList run(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const Tape& session);
  // These are read now.
  void touch(std::span<const Tensor> tensors) noexcept;
  // Gives one value's memory up; false when there is none to give.
  bool evict_one() noexcept;
  // The session is over: values in memory stay there, so that nothing holds on to what they were made from.
  void settle(const Tape& session);

  // For OutputRecipe.
  void restore(OutputRecipe& wanted);
  void lost(OutputRecipe& recipe) noexcept;

 private:
  class Recomputation;

  void remember(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, std::span<const Tensor> outputs, int64_t cost,
                const Tape& session);
  void gained(OutputRecipe& recipe);
  double score(const OutputRecipe& recipe, int64_t now) const;
  OutputRecipe* victim();
  OutputRecipe* cheapest(size_t looks);

  bool enabled_ = false;
  std::optional<KeepHostLock> lock_;  // while enabled
  bool samples_ = false;
  int64_t budget_ = 0;
  int64_t smallest_ = int64_t{1} << 20;
  size_t cursor_ = 0;  // where sampling goes on
  Counts counts_;
  std::vector<OutputRecipe*> residents_;  // values with a recipe that are in memory
};

}  // namespace keima
