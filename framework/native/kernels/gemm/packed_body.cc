// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The product with a packed B: A is packed in chunks of rows and of depth that stay in the second cache beside a column group
// of B, the next of which is fetched in passing.
#include "kernels/gemm/gemm_body.h"
#include "kernels/gemm/panels.h"
#include "simd/polynomial.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

// Measured on a 2 MB second cache, GFLOP/s of 175: 128x768x3072 whole in depth 121, by 768 136.
constexpr int64_t kDepthBlocks = 48;  // blocks of 16 k's at a time
constexpr int64_t kChunkRows = kTileRows * 16;

// Chunks a thread each where there are enough of them.
bool slices_chunks(const Exec& exec, const PackedGemmArgs& args) {
  return exec.parallel.threads > 1 && RowTiles(args.m, kChunkRows).tiles >= 2 * exec.parallel.threads;
}

// Parts of nearly equal size: of the rows, as many for each thread, and of the depth in blocks.
RowTiles chunks_of(const Exec& exec, const PackedGemmArgs& args) {
  const RowTiles chunks(args.m, kChunkRows);
  if (!slices_chunks(exec, args)) return chunks;
  const int64_t count = round_up(chunks.tiles, exec.parallel.threads);
  return RowTiles(args.m, (args.m + count - 1) / count);
}

RowTiles passes_of(const PackedGemmArgs& args) { return RowTiles(args.k > 0 ? round_up(args.k, kBlock) / kBlock : 1, kDepthBlocks); }

struct Sizes {
  Sizes(const Exec& exec, const PackedGemmArgs& args)
      : depth(round_up(args.k, kBlock)),
        groups(round_up(args.n, kGroup) / kGroup),
        chunk_floats((passes_of(args).low + 1) * kBlock * (chunks_of(exec, args).low + 1)) {}
  int64_t depth;
  int64_t groups;
  int64_t chunk_floats;
};

// Rows [m0, m0 + rows) by k blocks [first, first + blocks), packed in `a`.
struct Part {
  int64_t m0, rows;
  int64_t first, blocks;
  bool starts, ends;  // the depth
  Panels a;
};

// x Phi(x), where Phi(x) - 1/2 = x P(x^2) / Q(x^2) on |x| <= 5.3: a reweighted least-squares fit (its error is 1.3e-8), to 1e-6
// absolute in float32. Half of the time of erf, which is right to the last places that a sum of products does not have.
KEIMA_INLINE V gelu(V x) {
  const V t = min_ordered(splat<V>(5.3F), max_ordered(splat<V>(-5.3F), x));
  const V t2 = t * t;
  const V p = polynomial(t2, 0x1.988448p-2F, 0x1.15aeb4p-5F, 0x1.333702p-8F, 0x1.65494ap-13F, 0x1.b21298p-18F, 0x1.91cabcp-26F);
  const V q = polynomial(t2, 1.F, 0x1.01abaep-2F, 0x1.d61546p-6F, 0x1.f01ac4p-10F, 0x1.39500cp-14F, 0x1.48bd2cp-20F);
  return x < -5.3F ? V{} : x * (t * p / q + 0.5F);
}

// What the registers could not do, on a tile that was just stored.
void activate(const PackedGemmArgs& args, float* c, int64_t rows, int64_t columns) {
  if (args.activation != PackedGemmArgs::Activation::kGelu) return;
  for (int64_t r = 0; r < rows; ++r, c += args.c_stride) {
    int64_t i = 0;
    for (; i + kLanes <= columns; i += kLanes) store(c + i, gelu(load<kLanes>(c + i)));
    const int left = static_cast<int>(columns - i);
    if (left > 0) store_partial(c + i, gelu(load_partial<kLanes>(c + i, left)), left);
  }
}

void multiply_group(const PackedGemmArgs& args, const Sizes& sizes, const Part& part, int64_t group, float* edge) {
  const float* packed = args.packed_b + (group * sizes.depth + part.first * kBlock) * kGroup;
  Prefetch prefetch(group + 1 < sizes.groups ? packed + sizes.depth * kGroup : nullptr, part.blocks * kTapFloats, part.a.tiles.tiles);
  TileCall call;
  call.blocks = part.blocks;
  call.c_column = args.c_stride;
  // A residual may stand in C's place, so that it is gone at the end; sums start from it wherever it stands, for the same bits.
  const float* start = part.starts ? args.residual : args.c;
  call.clamp = part.ends && args.activation == PackedGemmArgs::Activation::kClamp;
  call.lowest = args.lowest;
  call.highest = args.highest;
  for (int64_t n = group * kGroup; n < least((group + 1) * kGroup, args.n); n += kTileColumns) {
    const int64_t columns = least(args.n - n, kTileColumns), at = part.m0 * args.c_stride + n;
    call.w = packed + n % kGroup;
    call.bias = part.ends && args.bias != nullptr ? args.bias + n : nullptr;
    call.c = args.c + at;
    call.start = start != nullptr ? start + at : nullptr;
    multiply_columns(part.a, call, columns, edge, prefetch, [&](float* c, int64_t rows) __attribute__((always_inline)) {
      if (part.ends) activate(args, c, rows, columns);
    });
  }
}

// All threads on one chunk: each takes some of the groups, so that each streams a part of B.
void multiply_chunk(const Exec& exec, const PackedGemmArgs& args, const Sizes& sizes, int64_t m0, int64_t rows, float* a,
                    float* edges) {
  const RowTiles passes = passes_of(args), tiles(rows);
  for (int64_t i = 0; i < passes.tiles; ++i) {
    const int64_t blocks = args.k > 0 ? passes.rows(i) : 0;
    const Part part{m0, rows, passes.begin(i), blocks, i == 0, i + 1 == passes.tiles, {tiles, blocks * kBlock, a}};
    parallel_for(exec, part.blocks, 4, [&](int64_t begin, int64_t end) {
      const int64_t k0 = part.first * kBlock;
      pack_panels({args.a, args.a_stride, false}, 1, m0, k0, args.k - k0, begin * kBlock, end * kBlock, part.a);
    });
    parallel_slices(exec, sizes.groups, [&](int64_t slice, int64_t begin, int64_t end) {
      for (int64_t group = begin; group < end; ++group) multiply_group(args, sizes, part, group, edges + slice * kEdgeFloats);
    });
  }
}

}  // namespace

void gemm_pack(const Exec& exec, int64_t n, int64_t k, const float* b, int64_t b_stride, bool transpose_b, float* packed) {
  const int64_t depth = round_up(k, kBlock);
  parallel_for(exec, round_up(n, kGroup) / kGroup, 1, [&](int64_t begin, int64_t end) {
    pack_columns({b, b_stride, transpose_b}, 0, k, begin * kGroup, least(n, end * kGroup) - begin * kGroup, depth * kGroup,
                 packed + begin * depth * kGroup);
  });
}

size_t gemm_packed_scratch_bytes(const Exec& exec, const PackedGemmArgs& args) {
  const Sizes sizes(exec, args);
  const int64_t slices = slice_count(exec, chunks_of(exec, args).tiles + sizes.groups);
  const int64_t floats = (slices_chunks(exec, args) ? slices : 1) * sizes.chunk_floats + slices * kEdgeFloats;
  return static_cast<size_t>(floats) * sizeof(float);
}

void gemm_with_packed(const Exec& exec, const PackedGemmArgs& args, void* scratch) {
  const Sizes sizes(exec, args);
  const RowTiles chunks = chunks_of(exec, args);
  const bool sliced = slices_chunks(exec, args);
  float* floats = static_cast<float*>(scratch);
  float* edges = floats + (sliced ? slice_count(exec, chunks.tiles) : 1) * sizes.chunk_floats;
  parallel_slices(sliced ? exec : serial(exec), chunks.tiles, [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      multiply_chunk(sliced ? serial(exec) : exec, args, sizes, chunks.begin(i), chunks.rows(i),
                     floats + slice * sizes.chunk_floats, edges + slice * kEdgeFloats);
  });
}

}  // namespace keima::KEIMA_ISA
