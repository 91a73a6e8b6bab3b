// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Goto's scheme: B is packed in panels of 32 columns by a depth that keeps a panel in the first caches, A as panels of a tile's
// rows, in chunks that stay in the second, and the tile walks over both.
#include "kernels/gemm/gemm_body.h"
#include "kernels/gemm/panels.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int64_t kDepth = 384;                   // k's a panel: 48 KB of B (256: 3 to 6 % slower)
constexpr int64_t kColumns = 1024;                // columns of B packed at a time: 1.5 MB
constexpr int64_t kRowChunk = 56 / kTileRows * kTileRows;  // rows of A packed at a time: 86 KB (28 and 112 rows: up to 5 % slower)
constexpr int64_t kHalves = kGroup / kBlock / kTileBlocks;  // tiles that cover a column group

// The sizes of scratch parts, in floats.
struct Parts {
  explicit Parts(const GemmArgs& args)
      : depth(round_up(least(args.k, kDepth), kBlock)),
        packed_b(depth * round_up(least(args.n, kColumns), kGroup)),
        packed_a(depth * least(args.m, kRowChunk)) {}
  int64_t depth;
  int64_t packed_b;
  int64_t packed_a;
  int64_t per_slice() const { return packed_a + kEdgeFloats; }
  int64_t total(int64_t slices) const { return packed_b + slices * per_slice(); }
};

bool slices_rows(const GemmArgs& args) { return args.m / kTileRows >= args.n / kGroup; }

int64_t slice_tasks(const GemmArgs& args) {
  return slices_rows(args) ? (args.m + kTileRows - 1) / kTileRows : (least(args.n, kColumns) + kGroup - 1) / kGroup;
}

bool slices_batch(const Exec& exec, const GemmArgs& args) { return args.batch >= 2 * exec.parallel.threads; }

// What one pass over the depth has to do.
struct Pass {
  const GemmArgs& args;
  int64_t k0;
  int64_t depth;
  int64_t n0;  // column that packed_b starts with
  const float* packed_b;
  bool first() const { return k0 == 0; }
  bool last() const { return k0 + depth >= args.k; }
};

// Rows [m0, m0 + rows) by columns [begin, end).
void multiply_chunk(const Pass& pass, int64_t m0, int64_t rows, int64_t begin, int64_t end, float* packed_a, float* edge) {
  const GemmArgs& args = pass.args;
  const int64_t depth = round_up(pass.depth, kBlock);
  TileCall call;
  call.blocks = depth / kBlock;
  call.c_column = args.c_stride;
  const bool accumulate = args.accumulate || !pass.first();
  call.clamp = args.clamp && pass.last();
  call.lowest = args.lowest;
  call.highest = args.highest;
  const Panels panels{RowTiles(rows), depth, packed_a};
  pack_panels({args.a, args.a_stride, args.transpose_a}, args.alpha, m0, pass.k0, pass.depth, 0, depth, panels);
  for (int64_t n = begin; n < end; n += kTileColumns) {
    const int64_t group = (n - pass.n0) / kGroup;
    call.w = pass.packed_b + group * depth * kGroup + (n - pass.n0) % kGroup;
    call.bias = args.bias != nullptr && pass.last() ? args.bias + n : nullptr;
    call.c = args.c + m0 * args.c_stride + n;
    call.start = accumulate ? call.c : nullptr;
    multiply_columns(panels, call, least(args.n - n, kTileColumns), edge);
  }
}

void multiply_pass(const Exec& exec, const Pass& pass, int64_t columns, float* slices, const Parts& parts) {
  const GemmArgs& args = pass.args;
  const bool by_rows = slices_rows(args);
  const int64_t tasks = by_rows ? (args.m + kTileRows - 1) / kTileRows : (columns + kGroup - 1) / kGroup;
  parallel_slices(exec, tasks, [&](int64_t slice, int64_t begin, int64_t end) {
    float* packed_a = slices + slice * parts.per_slice();
    const int64_t row_begin = by_rows ? begin * kTileRows : 0;
    const int64_t row_end = by_rows ? least(end * kTileRows, args.m) : args.m;
    const int64_t column_begin = pass.n0 + (by_rows ? 0 : begin * kGroup);
    const int64_t column_end = pass.n0 + (by_rows ? columns : least(end * kGroup, columns));
    for (int64_t m0 = row_begin; m0 < row_end; m0 += kRowChunk)
      multiply_chunk(pass, m0, least(row_end - m0, kRowChunk), column_begin, column_end, packed_a,
                     packed_a + parts.packed_a);
  });
}

void multiply(const Exec& exec, const GemmArgs& args, float* scratch) {
  const Parts parts(args);
  float* packed_b = scratch;
  float* slices = scratch + parts.packed_b;
  for (int64_t n0 = 0; n0 < args.n; n0 += kColumns) {
    const int64_t columns = least(args.n - n0, kColumns);
    int64_t k0 = 0;
    do {
      const Pass pass{args, k0, least(args.k - k0, kDepth), n0, packed_b};
      const int64_t group_floats = round_up(pass.depth, kBlock) * kGroup;
      parallel_for(exec, (columns + kGroup - 1) / kGroup, 1, [&](int64_t begin, int64_t end) {
        pack_columns({args.b, args.b_stride, args.transpose_b}, k0, pass.depth, n0 + begin * kGroup,
                     least(columns, end * kGroup) - begin * kGroup, group_floats, packed_b + begin * group_floats);
      });
      multiply_pass(exec, pass, columns, slices, parts);
      k0 += kDepth;
    } while (k0 < args.k);
  }
}

}  // namespace

size_t gemm_scratch_bytes(const Exec& exec, const GemmArgs& args) {
  const Parts parts(args);
  const int64_t floats = slices_batch(exec, args) ? slice_count(exec, args.batch) * parts.total(1)
                                                  : parts.total(slice_count(exec, slice_tasks(args)));
  return static_cast<size_t>(floats) * sizeof(float);
}

void gemm(const Exec& exec, const GemmArgs& args, void* scratch) {
  const bool over_batch = slices_batch(exec, args);
  const Exec inner = over_batch ? serial(exec) : exec;
  parallel_slices(over_batch ? exec : serial(exec), args.batch, [&](int64_t slice, int64_t begin, int64_t end) {
    float* own = static_cast<float*>(scratch) + slice * Parts(args).total(1);
    GemmArgs one = args;
    for (int64_t i = begin; i < end; ++i) {
      one.a = args.a + i * args.a_batch_stride;
      one.b = args.b + i * args.b_batch_stride;
      one.c = args.c + i * args.c_batch_stride;
      multiply(inner, one, own);
    }
  });
}

}  // namespace keima::KEIMA_ISA
