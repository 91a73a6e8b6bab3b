// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Winograd convolution, its adjoint and its gradient of the weights: the walk over the tiles.
#include <string.h>

#include "kernels/conv/cover.h"
#include "kernels/conv/outer.h"
#include "kernels/conv/winograd.h"
#include "kernels/conv/winograd_transforms.h"
#include "kernels/gemm/transpose.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

struct Tile {
  Tile(const WinogradTiles& tiles, int64_t index)
      : image(index / (tiles.tiles_y * tiles.tiles_x)),
        y(index / tiles.tiles_x % tiles.tiles_y * tiles.m),
        x(index % tiles.tiles_x * tiles.m) {}
  int64_t image;
  int64_t y;  // of the first target pixel
  int64_t x;
};

// `size` x `size` pixels of one block from (y, x) on, which may lie outside the image, where zeros are.
struct Window {
  const float* data;
  int64_t row;  // floats
};

template <int size>
KEIMA_INLINE Window window_at(const ConvView& view, int64_t height, int64_t width, const Tile& tile, int64_t block,
                              int64_t y, int64_t x, float* copy) {
  const float* from = view.data + tile.image * view.image + block * view.block;
  const int64_t lanes_here = conv_least(kBlock, view.channels - block * kBlock);
  const bool inside = y >= 0 && x >= 0 && y + size <= height && x + size <= width;
  if (inside && lanes_here == kBlock) return {from + (y * width + x) * kBlock, width * kBlock};
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      const bool exists = y + i >= 0 && y + i < height && x + j >= 0 && x + j < width;
      copy_padded(exists ? from + ((y + i) * width + x + j) * kBlock : from, exists ? lanes_here : 0,
                  copy + (i * size + j) * kBlock, kBlock);
    }
  return {copy, size * kBlock};
}

// What each transform reads of a tile: a source window of m+2, or a gradient window of m.
struct SourceOfTile {
  template <int m>
  static constexpr int kSize = m + 2;
  static int64_t start_y(const ConvProblem& p, const Tile& tile) { return tile.y - winograd_pad(p.y); }
  static int64_t start_x(const ConvProblem& p, const Tile& tile) { return tile.x - winograd_pad(p.x); }
  static const ConvView& view(const ConvProblem& p) { return p.source; }
  static int64_t height(const ConvProblem& p) { return p.y.source; }
  static int64_t width(const ConvProblem& p) { return p.x.source; }
  template <int m, class In, class Out>
  KEIMA_INLINE static void transform(const In& in, Out& out) {
    Winograd<m>::source(in, out);
  }
};
struct GradientOfTile {
  template <int m>
  static constexpr int kSize = m;
  static int64_t start_y(const ConvProblem&, const Tile& tile) { return tile.y; }
  static int64_t start_x(const ConvProblem&, const Tile& tile) { return tile.x; }
  static const ConvView& view(const ConvProblem& p) { return p.target; }
  static int64_t height(const ConvProblem& p) { return p.y.target; }
  static int64_t width(const ConvProblem& p) { return p.x.target; }
  template <int m, class In, class Out>
  KEIMA_INLINE static void transform(const In& in, Out& out) {
    Winograd<m>::gradient(in, out);
  }
};

// Tiles [first, first + count) of one block, to [point][tile][16].
template <int m, class Of>
void transform_tiles(const ConvProblem& p, const WinogradTiles& tiles, int64_t first, int64_t count, int64_t block,
                     float* to, int64_t point_floats) {
  constexpr int kSize = Of::template kSize<m>;
  constexpr int kPoints = m + 2;
  float copy[kSize * kSize * kBlock];
  for (int64_t i = 0; i < count; ++i) {
    const Tile tile(tiles, first + i);
    const Window window = window_at<kSize>(Of::view(p), Of::height(p), Of::width(p), tile, block, Of::start_y(p, tile),
                                           Of::start_x(p, tile), copy);
    for (int64_t lane = 0; lane < kBlock; lane += kLanes)
      transform_square<kSize, kPoints>(
          [](const V(&in)[kSize], V(&out)[kPoints]) __attribute__((always_inline)) { Of::template transform<m>(in, out); },
          [&](int y, int x) __attribute__((always_inline)) {
            return load<kLanes>(window.data + y * window.row + x * kBlock + lane);
          },
          [&](int y, int x, V value) __attribute__((always_inline)) {
            store(to + (y * kPoints + x) * point_floats + i * kBlock + lane, value);
          });
  }
}

// --- convolution and its adjoint --------------------------------------------------------------------------------------

// One chunk's memory: V, then M.
struct Chunk {
  Chunk(const ConvProblem& p, const WinogradTiles& tiles)
      : source_floats(tiles.point_floats(p.source_blocks())),
        target_floats(tiles.point_floats(conv_blocks(p.target.channels))),
        floats(conv_round(tiles.points() * (source_floats + target_floats), kBlock)) {}
  int64_t source_floats;  // a point
  int64_t target_floats;
  int64_t floats;
};

void multiply(const ConvProblem& p, const WinogradTiles& tiles, const Chunk& chunk, int64_t count, int64_t task,
              float* memory) {
  const int64_t point = task / p.groups(), group = task % p.groups();
  const int64_t group_floats = p.source_blocks() * kTapFloats;
  const Tap tap{0, 0};
  TileCall call;
  call.w = p.packed + task * group_floats;
  call.w_block = kTapFloats;
  call.blocks = p.source_blocks();
  call.taps = &tap;
  call.tap_count = 1;
  call.a_block = tiles.chunk * kBlock;
  call.c_block = tiles.chunk * kBlock;
  Rectangle area;
  area.height = 1;
  area.width = count;
  area.a = memory + point * chunk.source_floats;
  area.c = memory + tiles.points() * chunk.source_floats + point * chunk.target_floats + 2 * group * call.c_block;
  Prefetch prefetch(task + 1 < tiles.points() * p.groups() ? call.w + group_floats : nullptr, group_floats,
                    cover_tiles(1, count));
  cover(call, area, conv_least(2, conv_blocks(p.target.channels) - 2 * group), prefetch);
}

// The results of one tile and block that lie in the image.
template <int m>
KEIMA_INLINE void put_tile(const ConvProblem& p, const Tile& tile, int64_t block, const float* from, int64_t point_floats,
                           const float* bias) {
  constexpr int kPoints = m + 2;
  const int64_t width = p.x.target;
  const int64_t at = tile.image * p.target.image + block * p.target.block + (tile.y * width + tile.x) * kBlock;
  const float* residual = p.epilogue.residual != nullptr ? p.epilogue.residual + at : nullptr;
  const bool whole = tile.y + m <= p.y.target && tile.x + m <= width;
  for (int64_t lane = 0; lane < kBlock; lane += kLanes) {
    const V shift = bias != nullptr ? load<kLanes>(bias + block * kBlock + lane) : V{};
    transform_square<kPoints, m>(
        [](const V(&in)[kPoints], V(&out)[m]) __attribute__((always_inline)) { Winograd<m>::result(in, out); },
        [&](int y, int x) __attribute__((always_inline)) { return load<kLanes>(from + (y * kPoints + x) * point_floats + lane); },
        [&](int y, int x, V value) __attribute__((always_inline)) {
          if (!whole && (tile.y + y >= p.y.target || tile.x + x >= width)) return;
          const int64_t pixel = (y * width + x) * kBlock + lane;
          value += shift;
          if (residual != nullptr) value += load<kLanes>(residual + pixel);
          if (p.epilogue.clamp)
            value = min_ordered(splat<V>(p.epilogue.highest), max_ordered(splat<V>(p.epilogue.lowest), value));
          store(p.target.data + at + pixel, value);
        });
  }
}

template <int m>
void run_chunk(const Exec& exec, const ConvProblem& p, const WinogradTiles& tiles, int64_t index, const float* bias,
               float* memory) {
  const Chunk chunk(p, tiles);
  const int64_t first = index * tiles.chunk, count = conv_least(tiles.chunk, tiles.total - first);
  const int64_t block_floats = tiles.chunk * kBlock;
  parallel_for(exec, p.source_blocks(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block)
      transform_tiles<m, SourceOfTile>(p, tiles, first, count, block, memory + block * block_floats, chunk.source_floats);
  });
  parallel_for(exec, tiles.points() * p.groups(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) multiply(p, tiles, chunk, count, task, memory);
  });
  const float* products = memory + tiles.points() * chunk.source_floats;
  parallel_for(exec, conv_blocks(p.target.channels), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block)
      for (int64_t i = 0; i < count; ++i)
        put_tile<m>(p, Tile(tiles, first + i), block, products + block * block_floats + i * kBlock, chunk.target_floats,
                    bias);
  });
}

// Chunks go to the threads while there are enough of them; a lone chunk's phases are shared.
bool slices_chunks(const Exec& exec, const WinogradTiles& tiles) {
  return exec.parallel.threads > 1 && tiles.chunks() >= exec.parallel.threads;
}

template <int m>
void run(const Exec& exec, const ConvProblem& p, float* scratch) {
  const WinogradTiles tiles(p);
  const int64_t floats = Chunk(p, tiles).floats;
  const float* bias = conv_pad_bias(p.epilogue, p.target.channels, scratch);
  float* memory = scratch + conv_bias_floats(p.target.channels);
  if (!slices_chunks(exec, tiles)) {
    for (int64_t i = 0; i < tiles.chunks(); ++i) run_chunk<m>(exec, p, tiles, i, bias, memory);
    return;
  }
  parallel_slices(exec, tiles.chunks(), [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) run_chunk<m>(serial(exec), p, tiles, i, bias, memory + slice * floats);
  });
}

// --- gradient of the weights ------------------------------------------------------------------------------------------

constexpr int64_t kBlockSums = kBlock * kGroup;

// G' dU G of one pair of input block and output group: [point][16][32] to [tap][16][32].
template <int m>
void finish_pair(const float* sums, float* taps) {
  constexpr int kPoints = m + 2;
  for (int64_t i = 0; i < kBlockSums; i += kLanes)
    transform_square<kPoints, 3>(
        [](const V(&in)[kPoints], V(&out)[3]) __attribute__((always_inline)) { Winograd<m>::weights_gradient(in, out); },
        [&](int y, int x) __attribute__((always_inline)) { return load<kLanes>(sums + (y * kPoints + x) * kBlockSums + i); },
        [&](int y, int x, V value) __attribute__((always_inline)) { store(taps + (y * 3 + x) * kBlockSums + i, value); });
}

// The sums over a pair's points live through all chunks, or, where one chunk is all, just while a pair is computed.
int64_t pair_sums_count(const Exec& exec, const ConvProblem& p, const WinogradTiles& tiles) {
  const int64_t pairs = p.source_blocks() * p.groups();
  return tiles.chunks() == 1 ? slice_count(exec, pairs) : pairs;
}

template <int m>
void add_chunk(const Exec& exec, const ConvProblem& p, const WinogradTiles& tiles, int64_t index, float* memory,
               float* pair_sums, float* taps) {
  const Chunk chunk(p, tiles);
  const int64_t first = index * tiles.chunk, count = conv_least(tiles.chunk, tiles.total - first);
  const int64_t block_floats = tiles.chunk * kBlock, targets = conv_blocks(p.target.channels);
  float* gradients = memory + tiles.points() * chunk.source_floats;
  parallel_for(exec, p.source_blocks() + targets, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t target = i - p.source_blocks();
      if (target < 0) {
        transform_tiles<m, SourceOfTile>(p, tiles, first, count, i, memory + i * block_floats, chunk.source_floats);
      } else {
        transform_tiles<m, GradientOfTile>(p, tiles, first, count, target, gradients + target * block_floats,
                                           chunk.target_floats);
      }
    }
  });
  const int64_t pairs = p.source_blocks() * p.groups(), sums_floats = tiles.points() * kBlockSums;
  const Runs runs{1, 0, 0, 1, 0, 0, count};
  parallel_slices(exec, pairs, [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t group = pair / p.source_blocks(), block = pair % p.source_blocks();
      float* sums = pair_sums + (tiles.chunks() == 1 ? slice : pair) * sums_floats;
      for (int64_t point = 0; point < tiles.points(); ++point)
        outer_block(memory + point * chunk.source_floats + block * block_floats,
                    gradients + point * chunk.target_floats + 2 * group * block_floats, block_floats,
                    conv_least(2, targets - 2 * group), runs, sums + point * kBlockSums, index > 0);
      if (index + 1 == tiles.chunks()) finish_pair<m>(sums, taps + pair * 9 * kBlockSums);
    }
  });
}

template <int m>
void run_weights(const Exec& exec, const ConvProblem& p, float* taps, float* scratch) {
  const WinogradTiles tiles(p);
  float* memory = scratch + pair_sums_count(exec, p, tiles) * tiles.points() * kBlockSums;
  for (int64_t i = 0; i < tiles.chunks(); ++i) add_chunk<m>(exec, p, tiles, i, memory, scratch, taps);
}

// --- weights ----------------------------------------------------------------------------------------------------------

// One block of 16 rows by 32 columns: rows are inputs and columns outputs, or the other way round for the adjoint.
struct PlainWeights {
  const float* data;
  int64_t out;
  int64_t in;
  bool backward;
  int64_t rows() const { return backward ? out : in; }
  int64_t columns() const { return backward ? in : out; }
  // Row r, column c and tap of the correlation.
  float at(int64_t r, int64_t c, int64_t tap) const {
    const int64_t o = backward ? r : c, i = backward ? c : r;
    return data[(o * in + i) * 9 + (backward ? 8 - tap : tap)];
  }
};

void gather_block(const PlainWeights& weights, int64_t row, int64_t column, float* taps) {
  const int64_t rows = conv_least(kBlock, weights.rows() - row), columns = conv_least(kGroup, weights.columns() - column);
  memset(taps, 0, static_cast<size_t>(9 * kBlockSums) * sizeof(float));
  // The nine taps of a pair lie side by side; inputs lie nearer than outputs.
  if (weights.backward) {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c)
        for (int64_t tap = 0; tap < 9; ++tap) taps[tap * kBlockSums + r * kGroup + c] = weights.at(row + r, column + c, tap);
    return;
  }
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t tap = 0; tap < 9; ++tap) taps[tap * kBlockSums + r * kGroup + c] = weights.at(row + r, column + c, tap);
}

template <int m>
void transform_weights(const float* taps, float* to, int64_t point_floats) {
  constexpr int kPoints = m + 2;
  for (int64_t i = 0; i < kBlockSums; i += kLanes)
    transform_square<3, kPoints>(
        [](const V(&in)[3], V(&out)[kPoints]) __attribute__((always_inline)) { Winograd<m>::weights(in, out); },
        [&](int y, int x) __attribute__((always_inline)) { return load<kLanes>(taps + (y * 3 + x) * kBlockSums + i); },
        [&](int y, int x, V value) __attribute__((always_inline)) {
          store(to + (y * kPoints + x) * point_floats + i, value);
        });
}

}  // namespace

int64_t conv_winograd_scratch(const Exec& exec, const ConvProblem& p) {
  const WinogradTiles tiles(p);
  const int64_t slices = slices_chunks(exec, tiles) ? slice_count(exec, tiles.chunks()) : 1;
  return conv_bias_floats(p.target.channels) + slices * Chunk(p, tiles).floats;
}

void conv_winograd(const Exec& exec, const ConvProblem& p, float* scratch) {
  if (p.winograd == 4) return run<4>(exec, p, scratch);
  run<2>(exec, p, scratch);
}

int64_t conv_winograd_weights_scratch(const Exec& exec, const ConvProblem& p) {
  const WinogradTiles tiles(p);
  return pair_sums_count(exec, p, tiles) * tiles.points() * kBlockSums + Chunk(p, tiles).floats;
}

void conv_winograd_weights(const Exec& exec, const ConvProblem& p, float* sums, float* scratch) {
  if (p.winograd == 4) return run_weights<4>(exec, p, sums, scratch);
  run_weights<2>(exec, p, sums, scratch);
}

void conv_winograd_pack(const Exec& exec, int64_t m, const float* data, int64_t out, int64_t in, bool backward,
                        float* packed) {
  const PlainWeights weights{data, out, in, backward};
  const int64_t blocks = conv_blocks(weights.rows()), tasks = conv_groups_of_columns(weights.columns()) * blocks;
  parallel_for(exec, tasks, 1, [&](int64_t begin, int64_t end) {
    float taps[9 * kBlockSums];
    for (int64_t i = begin; i < end; ++i) {
      gather_block(weights, i % blocks * kBlock, i / blocks * kGroup, taps);
      if (m == 4) transform_weights<4>(taps, packed + i * kBlockSums, tasks * kBlockSums);
      else transform_weights<2>(taps, packed + i * kBlockSums, tasks * kBlockSums);
    }
  });
}

}  // namespace keima::KEIMA_ISA
