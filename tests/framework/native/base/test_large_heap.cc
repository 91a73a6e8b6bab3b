// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <random>

#include "base/large_heap.h"

using namespace keima;

namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
constexpr size_t kNoLimit = ~size_t{0};

// While it lives, this thread gets no memory from operator new.
class OutOfMemory {
 public:
  OutOfMemory() { now = true; }
  OutOfMemory(const OutOfMemory&) = delete;
  OutOfMemory& operator=(const OutOfMemory&) = delete;
  ~OutOfMemory() { now = false; }
  static thread_local bool now;
};
thread_local bool OutOfMemory::now = false;

}  // namespace

// None is inlined: where GCC inlines one and not the other (under ThreadSanitizer, on AArch64), it warns that malloc's memory
// goes to operator delete, or operator new's to free().
[[gnu::noinline]] void* operator new(size_t bytes) {
  void* block = OutOfMemory::now ? nullptr : std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

TEST_CASE("drawn blocks do not overlap, keep their bytes and stay within the pages allowed") {
  LargeHeap heap;
  std::mt19937 engine(1);
  auto draw = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine); };
  constexpr size_t limit = 40 * kMegabyte;
  struct Block {
    size_t bytes;
    unsigned char mark;
  };
  std::map<unsigned char*, Block> live;
  size_t refused = 0;
  for (int step = 0; step < 1000; ++step) {
    if (live.empty() || draw(5) < 3) {
      const size_t bytes = kMegabyte + draw(3 * kMegabyte);
      auto* block = static_cast<unsigned char*>(heap.allocate(bytes, limit - heap.resident()));
      if (block == nullptr) {
        ++refused;
        heap.trim(bytes);
        continue;
      }
      const auto next = live.lower_bound(block);
      CHECK((next == live.end() || block + bytes <= next->first));
      CHECK((next == live.begin() || std::prev(next)->first + std::prev(next)->second.bytes <= block));
      const auto mark = static_cast<unsigned char>(step);
      block[0] = block[bytes / 2] = block[bytes - 1] = mark;
      live[block] = {bytes, mark};
    } else {
      const auto at = std::next(live.begin(), static_cast<std::ptrdiff_t>(draw(live.size())));
      const auto [block, kept] = *at;
      CHECK(block[0] == kept.mark);
      CHECK(block[kept.bytes / 2] == kept.mark);
      CHECK(block[kept.bytes - 1] == kept.mark);
      heap.free(block, kept.bytes);
      live.erase(at);
    }
    CHECK(heap.resident() <= limit);
  }
  CHECK(refused > 10);
  for (const auto& [block, kept] : live) heap.free(block, kept.bytes);
  heap.trim(kNoLimit);
  CHECK(heap.resident() == 0);
}

TEST_CASE("freed neighbours serve a larger block without new pages") {
  LargeHeap heap;
  void* blocks[4];
  for (void*& block : blocks) block = heap.allocate(2 * kMegabyte, kNoLimit);
  CHECK(heap.resident() == 8 * kMegabyte);
  for (const int i : {0, 2, 1, 3}) heap.free(blocks[i], 2 * kMegabyte);
  CHECK(heap.allocate(8 * kMegabyte, 0) != nullptr);
  CHECK(heap.allocate(kMegabyte, 0) == nullptr);
}

TEST_CASE("a free block grows into new pages by what is missing") {
  LargeHeap heap;
  heap.free(heap.allocate(3 * kMegabyte, kNoLimit), 3 * kMegabyte);
  CHECK(heap.allocate(5 * kMegabyte, 2 * kMegabyte) != nullptr);
  CHECK(heap.resident() == 5 * kMegabyte);
}

TEST_CASE("trimmed pages are gone and come back as zeros") {
  LargeHeap heap;
  auto* block = static_cast<unsigned char*>(heap.allocate(2 * kMegabyte, kNoLimit));
  std::memset(block, 7, 2 * kMegabyte);
  heap.free(block, 2 * kMegabyte);
  CHECK(heap.trim(kMegabyte) == kMegabyte);
  CHECK(heap.resident() == kMegabyte);
  CHECK(heap.trim(kNoLimit) == kMegabyte);
  block = static_cast<unsigned char*>(heap.allocate(2 * kMegabyte, kNoLimit));
  CHECK(block[0] == 0);
  CHECK(block[2 * kMegabyte - 1] == 0);
}

TEST_CASE("a range that cannot be remembered is given back, and one that cannot be given back stays") {
  LargeHeap heap;
  void* first = heap.allocate(2 * kMegabyte, kNoLimit);
  void* between = heap.allocate(kMegabyte, kNoLimit);
  auto* last = static_cast<unsigned char*>(heap.allocate(3 * kMegabyte, kNoLimit));
  last[0] = 7;
  {
    const OutOfMemory out;
    heap.free(first, 2 * kMegabyte);
  }
  CHECK(heap.resident() == 4 * kMegabyte);
  heap.free(between, kMegabyte);
  {
    const OutOfMemory out;
    CHECK(heap.trim(kNoLimit) == 0);
  }
  CHECK(heap.resident() == 4 * kMegabyte);
  CHECK(last[0] == 7);
  CHECK(heap.allocate(kMegabyte, 0) == between);
}
