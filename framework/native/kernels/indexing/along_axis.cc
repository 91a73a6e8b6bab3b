// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Indexing along one axis. Columns [o, :, k] are independent, so writers divide those among themselves.
#include <string.h>

#include "kernels/indexing/add_body.h"
#include "kernels/indexing/first_bad.h"
#include "kernels/indexing/indexing.h"

namespace keima {
namespace {

// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 14;
// Columns are dealt out in whole cache lines of every type.
constexpr int64_t kColumns = 64;

// One column alone: each index names a row of one element, and rows.cc knows how to divide those.
bool is_one_column(const AxisArgs& args) { return args.outer == 1 && args.inner == 1; }

RowsArgs as_rows(const AxisArgs& args) { return {args.type, args.count, 1, args.index, args.in, args.out, args.n}; }

// Calls visit(o, begin, end) for groups of columns.
template <class Visit>
void for_each_column_group(const Exec& exec, const AxisArgs& args, const Visit& visit) {
  const int64_t groups = (args.inner + kColumns - 1) / kColumns;
  const int64_t width = args.inner < kColumns ? args.inner : kColumns;
  parallel_for(exec, args.outer * groups, kGrain / (args.count * width + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % groups * kColumns;
      visit(task / groups, first, first + kColumns < args.inner ? first + kColumns : args.inner);
    }
  });
}

template <class T>
void gather_typed(const Exec& exec, const AxisArgs& args) {
  // Rows (o, c) are independent too, and there are more of them.
  parallel_for(exec, args.outer * args.count, kGrain / args.inner + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int32_t* index = args.index + row * args.inner;
      const T* in = static_cast<const T*>(args.in) + row / args.count * args.n * args.inner;
      T* out = static_cast<T*>(args.out) + row * args.inner;
      for (int64_t k = 0; k < args.inner; ++k) out[k] = in[index[k] * args.inner + k];
    }
  });
}

template <class T>
void scatter_typed(const Exec& exec, const AxisArgs& args) {
  for_each_column_group(exec, args, [&](int64_t o, int64_t begin, int64_t end) {
    const int32_t* index = args.index + o * args.count * args.inner;
    const T* in = static_cast<const T*>(args.in) + o * args.count * args.inner;
    T* out = static_cast<T*>(args.out) + o * args.n * args.inner;
    for (int64_t c = 0; c < args.count; ++c)
      for (int64_t k = begin; k < end; ++k) out[index[c * args.inner + k] * args.inner + k] = in[c * args.inner + k];
  });
}

// The bits of 1, in the low bytes.
uint32_t one_of(ScalarType type) {
  switch (type) {
    case ScalarType::kFloat32: return 0x3f800000U;
    case ScalarType::kFloat16: return 0x3c00U;
    case ScalarType::kBfloat16: return 0x3f80U;
    default: return 1;
  }
}

template <class T>
BadIndex one_hot_typed(const Exec& exec, const OneHotArgs& args) {
  FirstBad bad;
  const T one = static_cast<T>(one_of(args.type));
  parallel_for(exec, args.count, kGrain / (args.classes + 1) + 1, [&](int64_t begin, int64_t end) {
    T* out = static_cast<T*>(args.out) + begin * args.classes;
    if (args.classes > 0) memset(out, 0, static_cast<size_t>((end - begin) * args.classes) * sizeof(T));
    for (int64_t i = begin; i < end; ++i, out += args.classes) {
      if (args.labels[i] < 0 || args.labels[i] >= args.classes) bad.report(0, i);
      else out[args.labels[i]] = one;
    }
  });
  if (!bad.found()) return {};
  return {0, bad.position(), args.labels[bad.position()]};
}

}  // namespace

void gather(const Exec& exec, const AxisArgs& args) {
  if (args.inner == 0) return;
  switch (size_of(args.type)) {
    case 4: return gather_typed<uint32_t>(exec, args);
    case 2: return gather_typed<uint16_t>(exec, args);
    default: return gather_typed<uint8_t>(exec, args);
  }
}

void scatter(const Exec& exec, const AxisArgs& args) {
  if (is_one_column(args)) return put_rows(exec, as_rows(args));
  switch (size_of(args.type)) {
    case 4: return scatter_typed<uint32_t>(exec, args);
    case 2: return scatter_typed<uint16_t>(exec, args);
    default: return scatter_typed<uint8_t>(exec, args);
  }
}

void scatter_add(const Exec& exec, const AxisArgs& args, ScalarType out_type) {
  if (is_one_column(args)) return add_rows(exec, as_rows(args), out_type);
  const auto add = KEIMA_PICK(exec.isa, scatter_add_columns);
  for_each_column_group(exec, args, [&](int64_t o, int64_t begin, int64_t end) { add(args, out_type, o, begin, end); });
}

BadIndex one_hot(const Exec& exec, const OneHotArgs& args) {
  switch (size_of(args.type)) {
    case 4: return one_hot_typed<uint32_t>(exec, args);
    case 2: return one_hot_typed<uint16_t>(exec, args);
    default: return one_hot_typed<uint8_t>(exec, args);
  }
}

}  // namespace keima
