// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A caching allocator: freed blocks are kept by size class, since page faults cost more than most ops.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keima {

struct MemoryStats {
  int64_t allocated = 0;  // bytes held by live storages, rounded up to their size class
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

 private:
  Allocator();
  struct Impl;
  Impl* impl_;  // lives as long as the process: storages may be freed by destructors of static objects
};

}  // namespace keima
