// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A caching allocator: freed blocks are kept, small ones by size class and large ones in a heap (large_heap.h), since page
// faults cost more than most ops.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keima {

struct MemoryStats {
  int64_t allocated = 0;  // bytes held by live storages, rounded up
  int64_t reserved = 0;   // bytes taken from the system, cached ones included
  int64_t max_allocated = 0;
  int64_t max_reserved = 0;
};

// Thread-safe. Blocks are 64-byte aligned. Nothing may be read past the size asked for: kernels mask their tails.
class Allocator {
 public:
  static Allocator& instance();

  // Throws Error(kMemory) that names the size asked for, the bytes in use and the limit.
  void* allocate(size_t bytes);
  void free(void* pointer, size_t bytes) noexcept;

  MemoryStats stats() const;
  void reset_max() noexcept;
  // Returns cached blocks to the system.
  void trim() noexcept;
  // Refuses to reserve more than this from the system; 0 lifts the limit. KEIMA_MEMORY_LIMIT (bytes) sets it at start.
  void set_limit(int64_t bytes) noexcept;

  // Asked for memory when the limit, or a budget for live storages that is softer, would be exceeded: frees some of them
  // and returns true, or returns false, which lets the budget be exceeded. Called without a lock; null: there is none.
  using Relief = bool (*)();
  void set_relief(Relief relief) noexcept;
  void set_budget(int64_t bytes) noexcept;  // 0: none

 private:
  Allocator();
  struct Impl;
  Impl* impl_;  // lives as long as the process: storages may be freed by destructors of static objects
};

}  // namespace keima
