// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Blocks of a megabyte and more: activations, weights, scratch. They are cut from ranges of addresses far larger than
// memory; freed neighbours grow together, so that memory goes from one size to another without a visit to the system,
// and no layout of live blocks keeps free pages from being given back. Not thread-safe: the allocator locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace keima {

class LargeHeap {
 public:
  static constexpr size_t kSmallest = size_t{1} << 20;
  // What a block of this many bytes takes.
  static constexpr size_t rounded(size_t bytes) { return (bytes + kGrain - 1) / kGrain * kGrain; }

  // Aligned to kGrain. Null when more than `may_take` bytes of new pages would be needed, or the system has no more.
  void* allocate(size_t bytes, size_t may_take);
  void free(void* block, size_t bytes) noexcept;
  // Gives free pages back to the system: `bytes` of them, or all when there are fewer. Returns how many.
  size_t trim(size_t bytes) noexcept;
  // Bytes of pages taken from the system, those of free blocks included.
  size_t resident() const noexcept { return resident_; }

 private:
  static constexpr size_t kGrain = size_t{64} << 10;

  // Disjoint ranges by address; neighbours are joined.
  class Ranges {
   public:
    void add(uintptr_t start, size_t size);
    void remove_front(std::map<uintptr_t, size_t>::iterator at, size_t size);
    std::map<uintptr_t, size_t>::iterator smallest_holding(size_t size);
    std::map<uintptr_t, size_t>& all() noexcept { return ranges_; }

   private:
    std::map<uintptr_t, size_t> ranges_;
  };

  void* take_grown(size_t size, size_t may_take);
  void* take_fresh(size_t size, size_t may_take);
  bool map_region(size_t size);

  Ranges free_;   // pages that were touched
  Ranges empty_;  // addresses without pages
  size_t resident_ = 0;
};

}  // namespace keima
