// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/allocator.h"

#include <pthread.h>

#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "base/error.h"
#include "base/large_heap.h"

namespace keima {
namespace {

constexpr size_t kAlignment = 64;
// Four classes between powers of two: at most 25 % of a block is rounding.
constexpr int kClassesPerDoubling = 4;
constexpr size_t kMost = size_t{1} << 58;

// Smallest class is 64 bytes; class c holds blocks of class_bytes(c).
constexpr size_t class_bytes(int c) {
  const size_t base = kAlignment << (c / kClassesPerDoubling);
  const size_t bytes = base + base / kClassesPerDoubling * static_cast<size_t>(c % kClassesPerDoubling);
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

constexpr int class_of(size_t bytes) {
  if (bytes <= kAlignment) return 0;
  const int doublings = std::bit_width((bytes - 1) / kAlignment) - 1;
  int c = doublings * kClassesPerDoubling;
  while (class_bytes(c) < bytes) ++c;
  return c;
}
static_assert(class_bytes(class_of(1)) == 64 && class_bytes(class_of(65)) == 128);
constexpr int kClasses = class_of(LargeHeap::kSmallest - 1) + 1;

bool is_large(size_t bytes) { return bytes >= LargeHeap::kSmallest; }

// What a request takes.
int64_t taken(size_t bytes) { return static_cast<int64_t>(is_large(bytes) ? LargeHeap::rounded(bytes) : class_bytes(class_of(bytes))); }

// A number of bytes; 0: no limit.
int64_t limit_from_environment() {
  const char* value = std::getenv("KEIMA_MEMORY_LIMIT");
  if (!value || !*value) return 0;
  const char* end = value + std::strlen(value);
  int64_t limit = 0;
  const auto [stopped, error] = std::from_chars(value, end, limit);
  if (error != std::errc() || stopped != end || limit < 0)
    fail(ErrorKind::kValue, "KEIMA_MEMORY_LIMIT: expected a number of bytes such as 2000000000, got '", value, "'");
  return limit;
}

}  // namespace

struct Allocator::Impl {
  std::mutex mutex;
  std::array<std::vector<void*>, kClasses> cached;
  LargeHeap large;
  MemoryStats stats;
  int64_t limit = limit_from_environment();
  int64_t budget = 0;
  Relief relief = nullptr;

  // Bytes of blocks that nobody uses are returned to the system until no more than `target` are reserved.
  void trim(int64_t target = 0) noexcept {
    for (int c = kClasses - 1; c >= 0; --c) {
      auto& blocks = cached[static_cast<size_t>(c)];
      for (; stats.reserved > target && !blocks.empty(); blocks.pop_back()) {
        std::free(blocks.back());
        stats.reserved -= static_cast<int64_t>(class_bytes(c));
      }
    }
    if (stats.reserved > target) stats.reserved -= static_cast<int64_t>(large.trim(static_cast<size_t>(stats.reserved - target)));
  }

  // New bytes that the limit still allows.
  int64_t room() const { return limit ? std::max<int64_t>(limit - stats.reserved, 0) : INT64_MAX; }

  void* take_large(size_t bytes) {
    const size_t before = large.resident();
    void* block = large.allocate(bytes, static_cast<size_t>(room()));
    stats.reserved += static_cast<int64_t>(large.resident() - before);
    return block;
  }

  void give_large(void* block, size_t bytes) noexcept {
    const size_t before = large.resident();
    large.free(block, bytes);
    stats.reserved -= static_cast<int64_t>(before - large.resident());
  }

  void* take_small(int c) {
    auto& blocks = cached[static_cast<size_t>(c)];
    if (!blocks.empty()) {
      void* block = blocks.back();
      blocks.pop_back();
      return block;
    }
    const size_t size = class_bytes(c);
    void* block = static_cast<int64_t>(size) <= room() ? std::aligned_alloc(kAlignment, size) : nullptr;
    if (block) stats.reserved += static_cast<int64_t>(size);
    return block;
  }

  void* take_once(size_t bytes) { return is_large(bytes) ? take_large(bytes) : take_small(class_of(bytes)); }

  // A block, cached or new; null when the limit or the system forbids it even after a trim.
  void* take(size_t bytes) {
    void* block = take_once(bytes);
    if (!block && (!limit || taken(bytes) <= limit)) {
      trim(limit ? limit - taken(bytes) : 0);
      block = take_once(bytes);
    }
    stats.max_reserved = std::max(stats.max_reserved, stats.reserved);
    return block;
  }

  // The same, after asking for relief as long as that helps.
  void* take_relieved(size_t bytes, std::unique_lock<std::mutex>& lock) {
    while (true) {
      const bool affordable = !budget || stats.allocated + taken(bytes) <= budget;
      void* block = affordable || !relief ? take(bytes) : nullptr;
      if (block || !relief) return block;
      const Relief ask = relief;
      lock.unlock();
      const bool relieved = ask();
      lock.lock();
      if (!relieved) return take(bytes);
    }
  }
};

Allocator::Allocator() : impl_(new Impl) {}

Allocator& Allocator::instance() {
  static Allocator allocator;
  // A child of fork finds the lock open, whatever its parent's other threads were doing.
  static const int registered = pthread_atfork([] { instance().impl_->mutex.lock(); }, [] { instance().impl_->mutex.unlock(); },
                                               [] { instance().impl_->mutex.unlock(); });
  (void)registered;
  return allocator;
}

void* Allocator::allocate(size_t bytes) {
  if (bytes > kMost) fail(ErrorKind::kMemory, "cannot allocate ", bytes, " bytes: more than can be addressed");
  std::unique_lock lock(impl_->mutex);
  void* block = impl_->take_relieved(bytes, lock);
  if (!block)
    fail(ErrorKind::kMemory, "out of memory: asked for ", taken(bytes), " bytes with ", impl_->stats.allocated, " in use, ",
         impl_->stats.reserved, " reserved, limit ", impl_->limit ? std::to_string(impl_->limit) : std::string("none"),
         "; use a smaller batch or raise KEIMA_MEMORY_LIMIT");
  impl_->stats.allocated += taken(bytes);
  impl_->stats.max_allocated = std::max(impl_->stats.max_allocated, impl_->stats.allocated);
  return block;
}

void Allocator::free(void* pointer, size_t bytes) noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->stats.allocated -= taken(bytes);
  if (is_large(bytes)) return impl_->give_large(pointer, bytes);
  try {
    impl_->cached[static_cast<size_t>(class_of(bytes))].push_back(pointer);
  } catch (const std::bad_alloc&) {  // no room to remember the block: give it back
    std::free(pointer);
    impl_->stats.reserved -= taken(bytes);
  }
}

MemoryStats Allocator::stats() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

void Allocator::reset_max() noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->stats.max_allocated = impl_->stats.allocated;
  impl_->stats.max_reserved = impl_->stats.reserved;
}

void Allocator::trim() noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->trim();
}

void Allocator::set_limit(int64_t bytes) noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->limit = bytes;
}

void Allocator::set_relief(Relief relief) noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->relief = relief;
}

void Allocator::set_budget(int64_t bytes) noexcept {
  std::lock_guard lock(impl_->mutex);
  impl_->budget = bytes;
}

}  // namespace keima
