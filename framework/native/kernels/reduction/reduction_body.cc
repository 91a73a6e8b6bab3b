// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduction/reduction_body.h"

#include "kernels/elementwise/bodies/arithmetic.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

// Elements added in float32 before the sum moves to double.
constexpr int64_t kRun = 512;

template <class C>
using Lanes = Vec<C, kLanes>;

// How two partial results combine, lane by lane; `start` changes nothing.
struct Add {
  template <class C>
  static constexpr C start = 0;
  template <class V>
  KEIMA_INLINE static V combine(V a, V b) {
    if constexpr (__is_same(V, float)) return a + b;
    else if constexpr (__is_same(V, int32_t)) return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
    else return op::add(a, b);  // vectors; integers wrap
  }
};
struct Multiply {
  template <class C>
  static constexpr C start = 1;
  template <class V>
  KEIMA_INLINE static V combine(V a, V b) {
    if constexpr (__is_same(V, float)) return a * b;
    else if constexpr (__is_same(V, int32_t)) return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
    else return op::mul(a, b);
  }
};
struct Larger {
  template <class C>
  static constexpr C start = static_cast<C>(__is_same(C, float) ? -__builtin_inf() : INT32_MIN);
  template <class V>
  KEIMA_INLINE static V combine(V a, V b) {
    return maximum(a, b);
  }
};
struct Smaller {
  template <class C>
  static constexpr C start = static_cast<C>(__is_same(C, float) ? __builtin_inf() : INT32_MAX);
  template <class V>
  KEIMA_INLINE static V combine(V a, V b) {
    return minimum(a, b);
  }
};

template <class Fold, class C>
KEIMA_INLINE C across(Lanes<C> v) {
  return fold(v, [](auto a, auto b) __attribute__((always_inline)) { return Fold::combine(a, b); });
}

// Up to kRun elements (or any number, for folds that do not round) by four independent accumulators.
template <class Fold, class T>
KEIMA_INLINE Compute<T> fold_short(const T* in, int64_t n) {
  using C = Compute<T>;
  constexpr int64_t kStep = 4 * kLanes;
  Lanes<C> sum[4];
  for (auto& s : sum) s = splat<Lanes<C>>(Fold::template start<C>);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep)
    for (int k = 0; k < 4; ++k) sum[k] = Fold::combine(sum[k], load<kLanes>(in + i + k * kLanes));
  for (; i + kLanes <= n; i += kLanes) sum[0] = Fold::combine(sum[0], load<kLanes>(in + i));
  C result = across<Fold, C>(Fold::combine(Fold::combine(sum[0], sum[1]), Fold::combine(sum[2], sum[3])));
  for (; i < n; ++i) {
    const Lanes<C> one = splat<Lanes<C>>(load_one(in + i));
    result = Fold::combine(splat<Lanes<C>>(result), one)[0];
  }
  return result;
}

template <class T>
double sum_run(const T* in, int64_t n) {
  if constexpr (__is_same(Compute<T>, int32_t)) {
    return fold_short<Add>(in, n);
  } else {
    double total = 0;
    for (int64_t i = 0; i < n; i += kRun) total += static_cast<double>(fold_short<Add>(in + i, n - i < kRun ? n - i : kRun));
    return total;
  }
}

template <class T>
double run_of(Reduction op, const void* data, int64_t n) {
  const auto* in = static_cast<const T*>(data);
  switch (op) {
    case Reduction::kSum:
    case Reduction::kMean: return sum_run(in, n);
    case Reduction::kProd: return static_cast<double>(fold_short<Multiply>(in, n));
    case Reduction::kMax:
    case Reduction::kArgMax: return static_cast<double>(fold_short<Larger>(in, n));
    case Reduction::kMin:
    case Reduction::kArgMin: return static_cast<double>(fold_short<Smaller>(in, n));
  }
  return 0;
}

template <class T>
int64_t find_in(const void* data, int64_t n, double extreme) {
  const auto* in = static_cast<const T*>(data);
  const bool nan = extreme != extreme;
  for (int64_t i = 0; i < n; ++i) {
    const auto x = static_cast<double>(load_one(in + i));
    if (nan ? x != x : x == extreme) return i;
  }
  return 0;
}

// --- columns -------------------------------------------------------------------------------------------------------

template <class T>
KEIMA_INLINE Lanes<Compute<T>> load_columns(const T* in, int width) {
  return width == kLanes ? load<kLanes>(in) : load_partial<kLanes>(in, width);
}
template <class T>
KEIMA_INLINE void store_columns(T* out, Lanes<Compute<T>> v, int width) {
  if (width == kLanes) return store(out, v);
  store_partial(out, v, width);
}

// `count` vectors of columns that lie side by side: one alone waits for each row's line, and its sum is a chain.
template <class T, int count>
struct Columns {
  Lanes<Compute<T>> at[count];
};
constexpr int kSideBySide = 4;

template <class Fold, int count, class T>
KEIMA_INLINE Columns<T, count> fold_down(const T* in, int64_t n, int64_t inner, int width) {
  Columns<T, count> result;
  for (auto& column : result.at) column = splat<Lanes<Compute<T>>>(Fold::template start<Compute<T>>);
  for (int64_t i = 0; i < n; ++i)
#pragma GCC unroll kSideBySide
    for (int k = 0; k < count; ++k) result.at[k] = Fold::combine(result.at[k], load_columns(in + i * inner + k * kLanes, width));
  return result;
}

template <int count, class T>
KEIMA_INLINE Columns<T, count> sum_down(const T* in, int64_t n, int64_t inner, int width, double scale) {
  Columns<T, count> result;
  if constexpr (__is_same(Compute<T>, int32_t)) {
    result = fold_down<Add, count>(in, n, inner, width);
    for (auto& column : result.at) column = convert<int32_t>(convert<double>(column) * scale);
  } else {
    Vec<double, kLanes> total[count] = {};
    for (int64_t i = 0; i < n; i += kRun) {
      const auto part = fold_down<Add, count>(in + i * inner, n - i < kRun ? n - i : kRun, inner, width);
      for (int k = 0; k < count; ++k) total[k] += convert<double>(part.at[k]);
    }
    for (int k = 0; k < count; ++k) result.at[k] = convert<float>(total[k] * scale);
  }
  return result;
}

template <bool larger, class T>
KEIMA_INLINE Lanes<int32_t> position_down(const T* in, int64_t n, int64_t inner, int width) {
  auto best = load_columns(in, width);
  Lanes<int32_t> at{};
  for (int64_t i = 1; i < n; ++i) {
    const auto x = load_columns(in + i * inner, width);
    // A NaN beats every number, and the first NaN stays.
    const Lanes<int32_t> ahead = larger ? x > best : x < best;
    const Lanes<int32_t> better = (ahead | is_nan(x)) & ~is_nan(best);
    best = better ? x : best;
    at = better ? splat<Lanes<int32_t>>(static_cast<int32_t>(i)) : at;
  }
  return at;
}

template <int count, class T>
KEIMA_INLINE Columns<T, count> folded_down(Reduction op, const T* in, int64_t n, int64_t inner, int width) {
  switch (op) {
    case Reduction::kMean: return sum_down<count>(in, n, inner, width, 1.0 / static_cast<double>(n));
    case Reduction::kProd: return fold_down<Multiply, count>(in, n, inner, width);
    case Reduction::kMax: return fold_down<Larger, count>(in, n, inner, width);
    case Reduction::kMin: return fold_down<Smaller, count>(in, n, inner, width);
    default: return sum_down<count>(in, n, inner, width, 1.0);
  }
}

template <class T>
void columns_of(Reduction op, const void* data, int64_t n, int64_t inner, int64_t begin, int64_t end, void* result) {
  const auto* in = static_cast<const T*>(data);
  auto* out = static_cast<T*>(result);
  auto* positions = static_cast<int32_t*>(result);
  const bool position = op == Reduction::kArgMax || op == Reduction::kArgMin;
  int64_t c = begin;
  for (; !position && c + kSideBySide * kLanes <= end; c += kSideBySide * kLanes) {
    const auto columns = folded_down<kSideBySide>(op, in + c, n, inner, kLanes);
    for (int k = 0; k < kSideBySide; ++k) store(out + c + k * kLanes, columns.at[k]);
  }
  for (; c < end; c += kLanes) {
    const int width = static_cast<int>(end - c < kLanes ? end - c : kLanes);
    if (!position) store_columns(out + c, folded_down<1>(op, in + c, n, inner, width).at[0], width);
    else store_columns(positions + c, op == Reduction::kArgMax ? position_down<true>(in + c, n, inner, width) : position_down<false>(in + c, n, inner, width), width);
  }
}

// visit.template operator()<T>() for the memory type of `type`.
template <class Visit>
auto with_type(ScalarType type, const Visit& visit) {
  switch (type) {
    case ScalarType::kFloat16: return visit.template operator()<Float16>();
    case ScalarType::kBfloat16: return visit.template operator()<Bfloat16>();
    case ScalarType::kInt32: return visit.template operator()<int32_t>();
    case ScalarType::kInt16: return visit.template operator()<int16_t>();
    case ScalarType::kInt8: return visit.template operator()<int8_t>();
    case ScalarType::kUint8: return visit.template operator()<uint8_t>();
    case ScalarType::kUint16: return visit.template operator()<uint16_t>();
    case ScalarType::kBool: return visit.template operator()<Bool>();
    case ScalarType::kFloat32: break;
  }
  return visit.template operator()<float>();
}

}  // namespace

double fold_run(Reduction op, ScalarType type, const void* in, int64_t n) {
  return with_type(type, [&]<class T>() { return run_of<T>(op, in, n); });
}

int64_t find_run(ScalarType type, const void* in, int64_t n, double extreme) {
  return with_type(type, [&]<class T>() { return find_in<T>(in, n, extreme); });
}

void fold_columns(Reduction op, ScalarType type, const void* in, int64_t n, int64_t inner, int64_t begin, int64_t end, void* out) {
  with_type(type, [&]<class T>() { columns_of<T>(op, in, n, inner, begin, end, out); });
}

}  // namespace keima::KEIMA_ISA
