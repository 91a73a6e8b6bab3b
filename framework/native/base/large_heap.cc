// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/large_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <utility>

namespace keima {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kRegion = size_t{64} << 30;

void* pointer(uintptr_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

void LargeHeap::Ranges::add(uintptr_t start, size_t size) {
  auto next = ranges_.lower_bound(start);
  if (next != ranges_.end() && start + size == next->first) {
    size += next->second;
    next = ranges_.erase(next);
  }
  if (next != ranges_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == start) {
      before->second += size;
      return;
    }
  }
  ranges_.emplace_hint(next, start, size);
}

void LargeHeap::Ranges::remove_front(std::map<uintptr_t, size_t>::iterator at, size_t size) {
  auto range = ranges_.extract(at);
  range.key() += size;
  range.mapped() -= size;
  if (range.mapped() > 0) ranges_.insert(std::move(range));  // the same node: nothing is allocated
}

std::map<uintptr_t, size_t>::iterator LargeHeap::Ranges::smallest_holding(size_t size) {
  auto best = ranges_.end();
  for (auto at = ranges_.begin(); at != ranges_.end(); ++at)
    if (at->second >= size && (best == ranges_.end() || at->second < best->second)) best = at;
  return best;
}

void* LargeHeap::allocate(size_t bytes, size_t may_take) {
  const size_t size = rounded(bytes);
  if (const auto at = free_.smallest_holding(size); at != free_.all().end()) {
    const uintptr_t start = at->first;
    free_.remove_front(at, size);
    return pointer(start);
  }
  void* grown = take_grown(size, may_take);
  return grown ? grown : take_fresh(size, may_take);
}

// The largest free range that addresses without pages follow, and as many of those as are missing.
void* LargeHeap::take_grown(size_t size, size_t may_take) {
  auto best = free_.all().end();
  for (auto at = free_.all().begin(); at != free_.all().end(); ++at) {
    const auto after = empty_.all().find(at->first + at->second);
    const bool reaches = after != empty_.all().end() && at->second + after->second >= size;
    if (reaches && (best == free_.all().end() || at->second > best->second)) best = at;
  }
  if (best == free_.all().end() || size - best->second > may_take) return nullptr;
  const auto [start, has] = *best;
  empty_.remove_front(empty_.all().find(start + has), size - has);
  free_.remove_front(best, has);
  resident_ += size - has;
  return pointer(start);
}

void* LargeHeap::take_fresh(size_t size, size_t may_take) {
  if (size > may_take) return nullptr;
  auto at = empty_.smallest_holding(size);
  if (at == empty_.all().end()) {
    if (!map_region(size)) return nullptr;
    at = empty_.smallest_holding(size);
  }
  const uintptr_t start = at->first;
  empty_.remove_front(at, size);
  resident_ += size;
  return pointer(start);
}

// Addresses only: pages come with the first touch. Where the system counts addresses, smaller regions are tried.
bool LargeHeap::map_region(size_t size) {
  const size_t least = (size + kHugePage - 1) / kHugePage * kHugePage;
  for (size_t length = std::max(kRegion, least);; length = std::max(length / 2, least)) {
    void* mapped = mmap(nullptr, length + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED && length == least) return false;
    if (mapped == MAP_FAILED) continue;
    const uintptr_t start = (reinterpret_cast<uintptr_t>(mapped) + kHugePage - 1) / kHugePage * kHugePage;
    madvise(pointer(start), length, MADV_HUGEPAGE);  // fewer TLB misses and page faults
    madvise(pointer(start), length, MADV_DONTDUMP);
    empty_.add(start, length / kGrain * kGrain);
    return true;
  }
}

void LargeHeap::free(void* block, size_t bytes) noexcept {
  try {
    free_.add(reinterpret_cast<uintptr_t>(block), rounded(bytes));
  } catch (const std::bad_alloc&) {  // no room to remember the range: its pages are given back, its addresses are lost
    madvise(block, rounded(bytes), MADV_DONTNEED);
    resident_ -= rounded(bytes);
  }
}

// Small ranges first: the large ones are worth more to those who allocate.
size_t LargeHeap::trim(size_t bytes) noexcept {
  size_t given = 0;
  while (given < bytes && !free_.all().empty()) {
    const auto at = std::min_element(free_.all().begin(), free_.all().end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    const uintptr_t start = at->first;
    const size_t size = rounded(std::min(at->second, bytes - given));
    try {
      empty_.add(start, size);
    } catch (const std::bad_alloc&) {  // no room to remember that it is empty: it stays
      break;
    }
    free_.remove_front(at, size);
    madvise(pointer(start), size, MADV_DONTNEED);
    given += size;
  }
  resident_ -= given;
  return given;
}

}  // namespace keima
