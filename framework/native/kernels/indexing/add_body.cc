// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/indexing/add_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

template <class T>
KEIMA_INLINE Compute<T> sum_of(Compute<T> a, Compute<T> b) {
  if constexpr (__is_same(Compute<T>, int32_t)) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  } else {
    return a + b;
  }
}

template <class In, class Out>
KEIMA_INLINE void add_run(const In* in, Out* out, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, load<kLanes>(out + i) + load<kLanes>(in + i));
  for (; i < n; ++i) store_one(out + i, sum_of<Out>(load_one(out + i), load_one(in + i)));
}

template <class In, class Out>
void add_rows_of(const RowsArgs& args, const OwnedPart& part) {
  const auto* in = static_cast<const In*>(args.in);
  auto* out = static_cast<Out*>(args.out);
  for (int64_t i = 0; i < args.count; ++i) {
    const int64_t row = args.index[i];
    if (row < part.first_row || row >= part.last_row) continue;
    add_run(in + i * args.row + part.first_column, out + row * args.row + part.first_column, part.last_column - part.first_column);
  }
}

template <class In, class Out>
void scatter_add_of(const AxisArgs& args, int64_t o, int64_t begin, int64_t end) {
  const int32_t* index = args.index + o * args.count * args.inner;
  const In* in = static_cast<const In*>(args.in) + o * args.count * args.inner;
  Out* out = static_cast<Out*>(args.out) + o * args.n * args.inner;
  for (int64_t c = 0; c < args.count; ++c)
    for (int64_t k = begin; k < end; ++k) {
      Out* place = out + index[c * args.inner + k] * args.inner + k;
      store_one(place, sum_of<Out>(load_one(place), load_one(in + c * args.inner + k)));
    }
}

// visit.template operator()<In, Out>() for the pairs that can be added.
template <class Visit>
void with_types(ScalarType type, ScalarType out_type, const Visit& visit) {
  const bool wide = out_type == ScalarType::kFloat32;
  switch (type) {
    case ScalarType::kInt32: return visit.template operator()<int32_t, int32_t>();
    case ScalarType::kFloat16:
      return wide ? visit.template operator()<Float16, float>() : visit.template operator()<Float16, Float16>();
    case ScalarType::kBfloat16:
      return wide ? visit.template operator()<Bfloat16, float>() : visit.template operator()<Bfloat16, Bfloat16>();
    default: return visit.template operator()<float, float>();
  }
}

}  // namespace

void add_rows_part(const RowsArgs& args, ScalarType out_type, const OwnedPart& part) {
  with_types(args.type, out_type, [&]<class In, class Out>() { add_rows_of<In, Out>(args, part); });
}

void scatter_add_columns(const AxisArgs& args, ScalarType out_type, int64_t o, int64_t begin, int64_t end) {
  with_types(args.type, out_type, [&]<class In, class Out>() { scatter_add_of<In, Out>(args, o, begin, end); });
}

}  // namespace keima::KEIMA_ISA
