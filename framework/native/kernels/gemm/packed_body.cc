// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The product with a packed B: A is packed in chunks of rows that stay in the second cache, and each column group of B, whole
// in depth, is streamed once a chunk, the next one fetched in passing.
#include "kernels/gemm/gemm_body.h"
#include "kernels/gemm/packing.h"
#include "simd/math.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

constexpr int64_t kChunkFloats = 256 * 1024;  // of A: half of a 2 MB second cache
constexpr int64_t kLeastRows = kTileRows * 4;

// The rows of A, cut into chunks of nearly equal height.
RowTiles chunks_of(const PackedGemmArgs& args) {
  const int64_t fits = kChunkFloats / round_up(args.k < 1 ? 1 : args.k, kBlock);
  return RowTiles(args.m, fits < kLeastRows ? kLeastRows : fits);
}

struct Sizes {
  explicit Sizes(const PackedGemmArgs& args)
      : depth(round_up(args.k, kBlock)),
        groups(round_up(args.n, kGroup) / kGroup),
        chunk_floats(depth * (chunks_of(args).low + 1)) {}
  int64_t depth;
  int64_t groups;
  int64_t chunk_floats;
};

KEIMA_INLINE V gelu(V x) { return x * (0.5F * erf(x * 0.70710678F) + 0.5F); }

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

// Rows [m0, m0 + rows), packed in `a`, by column group `group`.
void multiply_group(const PackedGemmArgs& args, const Sizes& sizes, const float* a, int64_t m0, int64_t rows, int64_t group,
                    float* edge) {
  const Tap tap{0, 0};
  const float* packed = args.packed_b + group * sizes.depth * kGroup;
  const RowTiles tiles(rows);
  Prefetch prefetch(group + 1 < sizes.groups ? packed + sizes.depth * kGroup : nullptr, sizes.depth * kGroup, tiles.tiles);
  TileCall call;
  call.a_block = rows * kBlock;
  call.w_block = kTapFloats;
  call.taps = &tap;
  call.tap_count = 1;
  call.blocks = sizes.depth / kBlock;
  call.c_column = args.c_stride;
  call.clamp = args.activation == PackedGemmArgs::Activation::kClamp;
  call.lowest = args.lowest;
  call.highest = args.highest;
  for (int64_t n = group * kGroup; n < least((group + 1) * kGroup, args.n); n += kTileColumns) {
    const int64_t columns = least(args.n - n, kTileColumns);
    call.w = packed + n % kGroup;
    call.bias = args.bias != nullptr ? args.bias + n : nullptr;
    for (int64_t t = 0; t < tiles.tiles; ++t) {
      const int64_t at = (m0 + tiles.begin(t)) * args.c_stride + n;
      call.a = a + tiles.begin(t) * kBlock;
      call.c = args.c + at;
      call.residual = args.residual != nullptr ? args.residual + at : nullptr;
      prefetch.set(call);
      if (columns == kTileColumns) tile_function(1, static_cast<int>(tiles.rows(t)), kTileBlocks)(call);
      else edge_tile(call, tiles.rows(t), columns, edge);
      activate(args, call.c, tiles.rows(t), columns);
    }
  }
}

// All threads on one chunk: each takes some of the groups, so that each streams a part of B.
void multiply_chunk(const Exec& exec, const PackedGemmArgs& args, const Sizes& sizes, int64_t m0, int64_t rows, float* a,
                    float* edges) {
  parallel_for(exec, sizes.depth / kBlock, 4, [&](int64_t begin, int64_t end) {
    const int64_t depth = least(args.k, end * kBlock) - begin * kBlock;
    pack_rows({args.a, args.a_stride, false}, 1, m0, rows, begin * kBlock, depth, a + begin * kBlock * rows);
  });
  parallel_slices(exec, sizes.groups, [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group)
      multiply_group(args, sizes, a, m0, rows, group, edges + slice * kEdgeFloats);
  });
}

// Chunks a thread each where there are enough of them.
bool slices_chunks(const Exec& exec, const PackedGemmArgs& args) {
  return exec.parallel.threads > 1 && chunks_of(args).tiles >= 2 * exec.parallel.threads;
}

}  // namespace

void gemm_pack(const Exec& exec, int64_t n, int64_t k, const float* b, int64_t b_stride, bool transpose_b, float* packed) {
  const int64_t depth = round_up(k, kBlock);
  parallel_for(exec, round_up(n, kGroup) / kGroup, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g)
      pack_columns({b, b_stride, transpose_b}, 0, k, g * kGroup, least(n - g * kGroup, kGroup), packed + g * depth * kGroup);
  });
}

size_t gemm_packed_scratch_bytes(const Exec& exec, const PackedGemmArgs& args) {
  const Sizes sizes(args);
  const int64_t slices = slice_count(exec, chunks_of(args).tiles + sizes.groups);
  const int64_t floats = (slices_chunks(exec, args) ? slices : 1) * sizes.chunk_floats + slices * kEdgeFloats;
  return static_cast<size_t>(floats) * sizeof(float);
}

void gemm_with_packed(const Exec& exec, const PackedGemmArgs& args, void* scratch) {
  const Sizes sizes(args);
  const RowTiles chunks = chunks_of(args);
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
