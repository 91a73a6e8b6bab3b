// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Whole rows. Several indices may name one row, so writers divide the indexed array among themselves, not the indices:
// each thread goes through all indices and does what falls into its part, in their order.
#include <string.h>

#include "kernels/indexing/add_body.h"
#include "kernels/indexing/indexing.h"

namespace keima {
namespace {

// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 14;
// Columns are dealt out in whole cache lines of every type.
constexpr int64_t kColumns = 64;

// Calls visit(part) for parts that cover the indexed array once: by columns if rows are long, as that shares the work
// evenly wherever the indices fall, otherwise by rows.
template <class Visit>
void for_each_part(const Exec& exec, const RowsArgs& args, const Visit& visit) {
  const int64_t groups = (args.row + kColumns - 1) / kColumns;
  const int64_t work = args.count * args.row;
  if (groups >= 2 * exec.parallel.threads) {
    parallel_for(exec, groups, kGrain * groups / (work + 1) + 1, [&](int64_t begin, int64_t end) {
      visit(OwnedPart{0, args.n, begin * kColumns, end * kColumns < args.row ? end * kColumns : args.row});
    });
    return;
  }
  parallel_for(exec, args.n, kGrain * args.n / (work + 1) + 1,
               [&](int64_t begin, int64_t end) { visit(OwnedPart{begin, end, 0, args.row}); });
}

// A row of one element is the common case of x[mask] and x[i, j]: a copy of known size is one instruction.
template <class T>
void take_elements(const RowsArgs& args, int64_t begin, int64_t end) {
  const auto* in = static_cast<const T*>(args.in);
  auto* out = static_cast<T*>(args.out);
  for (int64_t i = begin; i < end; ++i) out[i] = in[args.index[i]];
}

template <class T>
void put_elements(const RowsArgs& args, const OwnedPart& part) {
  const auto* in = static_cast<const T*>(args.in);
  auto* out = static_cast<T*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) {
    const int64_t row = args.index[i];
    if (row >= part.first_row && row < part.last_row) out[row] = in[i];
  }
}

void take_range(const RowsArgs& args, int64_t begin, int64_t end) {
  const size_t size = size_of(args.type);
  if (args.row == 1 && size == 4) return take_elements<uint32_t>(args, begin, end);
  if (args.row == 1 && size == 2) return take_elements<uint16_t>(args, begin, end);
  if (args.row == 1) return take_elements<uint8_t>(args, begin, end);
  const size_t bytes = static_cast<size_t>(args.row) * size;
  const auto* in = static_cast<const char*>(args.in);
  auto* out = static_cast<char*>(args.out);
  for (int64_t i = begin; i < end; ++i)
    memcpy(out + static_cast<size_t>(i) * bytes, in + static_cast<size_t>(args.index[i]) * bytes, bytes);
}

void put_part(const RowsArgs& args, const OwnedPart& part) {
  const size_t size = size_of(args.type);
  if (args.row == 1 && size == 4) return put_elements<uint32_t>(args, part);
  if (args.row == 1 && size == 2) return put_elements<uint16_t>(args, part);
  if (args.row == 1) return put_elements<uint8_t>(args, part);
  const size_t bytes = static_cast<size_t>(args.row) * size;
  const size_t first = static_cast<size_t>(part.first_column) * size, length = static_cast<size_t>(part.last_column) * size - first;
  const auto* in = static_cast<const char*>(args.in) + first;
  auto* out = static_cast<char*>(args.out) + first;
  for (int64_t i = 0; i < args.count; ++i) {
    const int64_t row = args.index[i];
    if (row < part.first_row || row >= part.last_row) continue;
    memcpy(out + static_cast<size_t>(row) * bytes, in + static_cast<size_t>(i) * bytes, length);
  }
}

}  // namespace

void take_rows(const Exec& exec, const RowsArgs& args) {
  if (args.row == 0) return;
  parallel_for(exec, args.count, kGrain / args.row + 1, [&](int64_t begin, int64_t end) { take_range(args, begin, end); });
}

void put_rows(const Exec& exec, const RowsArgs& args) {
  if (args.row == 0 || args.count == 0) return;
  for_each_part(exec, args, [&](const OwnedPart& part) { put_part(args, part); });
}

void add_rows(const Exec& exec, const RowsArgs& args, ScalarType out_type) {
  if (args.row == 0 || args.count == 0) return;
  const auto add = KEIMA_PICK(exec.isa, add_rows_part);
  for_each_part(exec, args, [&](const OwnedPart& part) { add(args, out_type, part); });
}

}  // namespace keima
