// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/sorting/sorting.h"

#include <algorithm>

namespace keima {
namespace {

// An element as one integer: its key, whose unsigned order is the order asked for, above its position. No two are equal, so
// that every way of sorting them is stable.
using Item = uint64_t;

// Rows longer than this are sorted by radix: below it the counting of 4 x 256 digits costs more than comparisons.
constexpr int64_t kRadixFrom = 1024;
constexpr int kDigits = 256;

uint32_t float_key(uint32_t bits) {
  constexpr uint32_t kSign = 0x80000000U, kInfinity = 0x7f800000U;
  const uint32_t magnitude = bits & ~kSign;
  if (magnitude > kInfinity) return ~0U;
  if (magnitude == 0) return kSign;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

void make_items(const SortArgs& args, const uint32_t* row, Item* items) {
  const bool is_float = args.type == ScalarType::kFloat32;
  const uint32_t flip = args.descending ? ~0U : 0U;
  for (int64_t i = 0; i < args.n; ++i) {
    const uint32_t key = (is_float ? float_key(row[i]) : row[i] ^ 0x80000000U) ^ flip;
    items[i] = static_cast<Item>(key) << 32 | static_cast<uint32_t>(i);
  }
}

// One pass a byte of the key, from the last; passes in which all have one digit are left out.
Item* radix_sort(Item* items, Item* other, int64_t n) {
  for (int shift = 32; shift < 64; shift += 8) {
    int64_t starts[kDigits] = {};
    for (int64_t i = 0; i < n; ++i) ++starts[items[i] >> shift & 0xff];
    if (starts[items[0] >> shift & 0xff] == n) continue;
    int64_t total = 0;
    for (int64_t& start : starts) {
      const int64_t count = start;
      start = total;
      total += count;
    }
    for (int64_t i = 0; i < n; ++i) other[starts[items[i] >> shift & 0xff]++] = items[i];
    std::swap(items, other);
  }
  return items;
}

// Sorts the first `keep`; returns where they are.
Item* sort_items(const SortArgs& args, Item* items, Item* other) {
  if (args.keep * 8 <= args.n) {
    std::nth_element(items, items + args.keep, items + args.n);
    std::sort(items, items + args.keep);
    return items;
  }
  if (args.n >= kRadixFrom) return radix_sort(items, other, args.n);
  std::sort(items, items + args.n);
  return items;
}

void sort_row(const SortArgs& args, int64_t row, Item* scratch) {
  const auto* in = static_cast<const uint32_t*>(args.in) + row * args.n;
  auto* values = static_cast<uint32_t*>(args.values) + row * args.keep;
  int32_t* positions = args.positions + row * args.keep;
  make_items(args, in, scratch);
  const Item* sorted = sort_items(args, scratch, scratch + args.n);
  for (int64_t i = 0; i < args.keep; ++i) {
    const auto position = static_cast<uint32_t>(sorted[i]);
    positions[i] = static_cast<int32_t>(position);
    values[i] = in[position];
  }
}

}  // namespace

size_t sort_scratch_bytes(const Exec& exec, const SortArgs& args) {
  return static_cast<size_t>(slice_count(exec, args.rows) * 2 * args.n) * sizeof(Item);
}

void sort_rows(const Exec& exec, const SortArgs& args, void* scratch) {
  if (args.keep == 0) return;
  parallel_slices(exec, args.rows, [&](int64_t slice, int64_t begin, int64_t end) {
    Item* own = static_cast<Item*>(scratch) + slice * 2 * args.n;
    for (int64_t row = begin; row < end; ++row) sort_row(args, row, own);
  });
}

}  // namespace keima
