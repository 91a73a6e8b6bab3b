// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/reduction/reduction.h"

#include "kernels/copy/copy.h"
#include "kernels/reduction/reduction_body.h"

namespace keima {
namespace {

constexpr int64_t kGrain = 1 << 15;
// A long row is folded in pieces of a fixed length, so that the number of threads does not show in the sum.
constexpr int64_t kPiece = 1 << 16;
constexpr int64_t kMaxPieces = 256;

bool is_position(Reduction op) { return op == Reduction::kArgMax || op == Reduction::kArgMin; }

bool is_float(ScalarType type) {
  return type == ScalarType::kFloat32 || type == ScalarType::kFloat16 || type == ScalarType::kBfloat16;
}

// Partial results of a row; those of integers are int32, and so is their product, which wraps.
double combine(Reduction op, bool integers, double a, double b) {
  switch (op) {
    case Reduction::kSum:
    case Reduction::kMean: return a + b;
    case Reduction::kProd:
      if (integers) return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(a) * static_cast<int64_t>(b)));
      return a * b;
    case Reduction::kMax:
    case Reduction::kArgMax: return a != a || b != b ? a + b : a > b ? a : b;
    case Reduction::kMin:
    case Reduction::kArgMin: return a != a || b != b ? a + b : a < b ? a : b;
  }
  return a;
}

struct Row {
  const Exec& exec;
  const ReduceArgs& args;

  const char* at(int64_t element) const { return static_cast<const char*>(args.in) + element * static_cast<int64_t>(size_of(args.type)); }

  double fold(int64_t start, int64_t n) const { return KEIMA_PICK(exec.isa, fold_run)(args.op, args.type, at(start), n); }

  double fold_in_pieces() const {
    double partial[kMaxPieces] = {};
    int64_t piece = kPiece;
    while ((args.n + piece - 1) / piece > kMaxPieces) piece *= 2;
    const int64_t pieces = (args.n + piece - 1) / piece;
    parallel_for(exec, pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t start = i * piece;
        partial[i] = fold(start, args.n - start < piece ? args.n - start : piece);
      }
    });
    double result = partial[0];
    for (int64_t i = 1; i < pieces; ++i) result = combine(args.op, !is_float(args.type), result, partial[i]);
    return result;
  }

  void finish(int64_t row, double folded) const {
    if (is_position(args.op)) {
      static_cast<int32_t*>(args.out)[row] = static_cast<int32_t>(KEIMA_PICK(exec.isa, find_run)(args.type, at(row * args.n), args.n, folded));
      return;
    }
    if (args.op == Reduction::kMean) folded /= static_cast<double>(args.n);
    // Integer sums wrap in int32 as they do lane by lane.
    if (!is_float(args.type)) folded = static_cast<int32_t>(static_cast<int64_t>(folded));
    if (args.type == ScalarType::kFloat32) {
      static_cast<float*>(args.out)[row] = static_cast<float>(folded);
      return;
    }
    fill({.isa = exec.isa}, args.type, static_cast<char*>(args.out) + row * static_cast<int64_t>(size_of(args.type)), 1, folded);
  }
};

void reduce_rows(const Exec& exec, const ReduceArgs& args) {
  const Row row{exec, args};
  if (args.outer == 1 && args.n > kPiece) return row.finish(0, row.fold_in_pieces());
  parallel_for(exec, args.outer, kGrain / (args.n + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) row.finish(i, args.n ? row.fold(i * args.n, args.n) : args.op == Reduction::kProd ? 1 : 0);
  });
}

void reduce_columns(const Exec& exec, const ReduceArgs& args) {
  const auto in_size = static_cast<int64_t>(size_of(args.type));
  const int64_t out_size = is_position(args.op) ? 4 : in_size;
  // Columns go to threads in groups of whole cache lines.
  constexpr int64_t kColumns = 64;
  const int64_t groups = (args.inner + kColumns - 1) / kColumns;
  const auto fold = KEIMA_PICK(exec.isa, fold_columns);
  parallel_for(exec, args.outer * groups, kGrain / (args.n * kColumns + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / groups, first = task % groups * kColumns;
      const int64_t last = first + kColumns < args.inner ? first + kColumns : args.inner;
      fold(args.op, args.type, static_cast<const char*>(args.in) + o * args.n * args.inner * in_size, args.n, args.inner, first, last,
           static_cast<char*>(args.out) + o * args.inner * out_size);
    }
  });
}

}  // namespace

void reduce(const Exec& exec, const ReduceArgs& args) {
  if (args.outer * args.inner == 0) return;
  if (args.inner == 1) return reduce_rows(exec, args);
  reduce_columns(exec, args);
}

}  // namespace keima
