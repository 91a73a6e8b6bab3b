// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/allocator.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include <sys/mman.h>

#include "base/error.h"

namespace keima {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
// Four classes between powers of two: at most 25 % of a block is rounding.
constexpr int kClassesPerDoubling = 4;
constexpr int kClasses = kClassesPerDoubling * 48;

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

void* system_allocate(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  void* pointer = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  // Fewer TLB misses and page faults on large activations and weights.
  if (pointer && bytes >= kHugePage) madvise(pointer, bytes, MADV_HUGEPAGE);
  return pointer;
}

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
  MemoryStats stats;
  int64_t limit = limit_from_environment();

  void trim() noexcept {
    for (int c = 0; c < kClasses; ++c) {
      auto& blocks = cached[static_cast<size_t>(c)];
      for (void* block : blocks) std::free(block);
      stats.reserved -= static_cast<int64_t>(blocks.size() * class_bytes(c));
      blocks.clear();
    }
  }

  void* reserve(size_t bytes) {
    const auto size = static_cast<int64_t>(bytes);
    if (limit && stats.reserved + size > limit) trim();
    if (limit && stats.reserved + size > limit) return nullptr;
    void* block = system_allocate(bytes);
    if (!block) {
      trim();
      block = system_allocate(bytes);
    }
    if (!block) return nullptr;
    stats.reserved += size;
    stats.max_reserved = std::max(stats.max_reserved, stats.reserved);
    return block;
  }
};

Allocator::Allocator() : impl_(new Impl) {}

Allocator& Allocator::instance() {
  static Allocator allocator;
  return allocator;
}

void* Allocator::allocate(size_t bytes) {
  if (bytes > class_bytes(kClasses - 1)) fail(ErrorKind::kMemory, "cannot allocate ", bytes, " bytes: more than can be addressed");
  const int c = class_of(bytes);
  const size_t size = class_bytes(c);
  std::lock_guard lock(impl_->mutex);
  auto& blocks = impl_->cached[static_cast<size_t>(c)];
  void* block = nullptr;
  if (!blocks.empty()) {
    block = blocks.back();
    blocks.pop_back();
  } else {
    block = impl_->reserve(size);
  }
  if (!block)
    fail(ErrorKind::kMemory, "out of memory: asked for ", size, " bytes with ", impl_->stats.allocated, " in use, ", impl_->stats.reserved,
         " reserved, limit ", impl_->limit ? std::to_string(impl_->limit) : std::string("none"),
         "; use a smaller batch or raise KEIMA_MEMORY_LIMIT");
  impl_->stats.allocated += static_cast<int64_t>(size);
  impl_->stats.max_allocated = std::max(impl_->stats.max_allocated, impl_->stats.allocated);
  return block;
}

void Allocator::free(void* pointer, size_t bytes) noexcept {
  const int c = class_of(bytes);
  std::lock_guard lock(impl_->mutex);
  impl_->stats.allocated -= static_cast<int64_t>(class_bytes(c));
  try {
    impl_->cached[static_cast<size_t>(c)].push_back(pointer);
  } catch (const std::bad_alloc&) {  // no room to remember the block: give it back
    std::free(pointer);
    impl_->stats.reserved -= static_cast<int64_t>(class_bytes(c));
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

}  // namespace keima
