// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Convolution of plain images, where the k's of a tile are the taps of a kernel row: neighbouring pixels read the same
// floats of the image, shifted, so that nothing is unfolded; rows are only copied between zeros.
#include <string.h>

#include "kernels/conv/conv_body.h"
#include "kernels/conv/cover.h"
#include "kernels/gemm/accumulators.h"

namespace keima::KEIMA_ISA {
namespace {

// Pixel x of the tile reads a + taps[t].a + x*step + k for k < kernel_width.
template <int rows, int step, int blocks>
struct RowTile : Accumulators<1, rows, blocks> {
  using Base = Accumulators<1, rows, blocks>;
  using typename Base::V;
  using Base::kVectors;

  [[gnu::noinline]] static void run(const TileCall& call, int64_t kernel_width) {
    RowTile tile;
    tile.start(call);
    for (int64_t t = 0; t < call.tap_count; ++t) {
      const float* __restrict a = call.a + call.taps[t].a;
      const float* __restrict w = call.w + call.taps[t].w;
#pragma GCC unroll 1
      for (int64_t k = 0; k < kernel_width; ++k, ++a, w += kGroup) {
        // Else GCC keeps the floats that neighbouring k's share in registers, and the accumulators in memory: 2.6 ms
        // instead of 1.3 for a ResNet's first layer.
        asm volatile("" ::: "memory");
        V columns[kVectors];
        repeat<kVectors>([&](int v) __attribute__((always_inline)) { columns[v] = load<kLanes>(w + v * kLanes); });
        repeat<rows>([&](int r) __attribute__((always_inline)) { tile.add_row(r, columns, a + r * step); });
      }
    }
    tile.finish(call);
  }
};

using RowTileFunction = void (*)(const TileCall&, int64_t);

template <int step, int blocks, int rows = 1>
RowTileFunction row_tile(int wanted) {
  if (wanted == rows) return RowTile<rows, step, blocks>::run;
  if constexpr (rows < kTileRows) return row_tile<step, blocks, rows + 1>(wanted);
  return nullptr;
}

RowTileFunction row_tile_function(int64_t step, int64_t rows, int64_t blocks) {
  const int wanted = static_cast<int>(rows);
  if constexpr (kTileBlocks == 2)
    if (blocks == 2) return step == 2 ? row_tile<2, 2>(wanted) : row_tile<1, 2>(wanted);
  return step == 2 ? row_tile<2, 1>(wanted) : row_tile<1, 1>(wanted);
}

// The image as tiles read it: [channel][height][width], zeros included.
struct Padded {
  explicit Padded(const ConvProblem& problem)
      : p(problem),
        height((p.y.target - 1) * p.y.stride + (p.y.kernel - 1) * p.y.dilation + 1),
        width((p.x.target - 1) * p.x.stride + p.x.kernel),
        floats(conv_round(p.plain_channels * height * width, kBlock)) {}

  // Row `row` of the channels' rows taken together.
  void copy_row(int64_t image, int64_t row, float* to) const {
    const int64_t channel = row / height, y = row % height - p.y.pad;
    to += row * width;
    if (y < 0 || y >= p.y.source) {
      memset(to, 0, static_cast<size_t>(width) * sizeof(float));
      return;
    }
    const float* from = p.plain_source + ((image * p.plain_channels + channel) * p.y.source + y) * p.x.source;
    const int64_t before = conv_least(width, p.x.pad), inside = conv_least(p.x.source, width - before);
    memset(to, 0, static_cast<size_t>(before) * sizeof(float));
    memcpy(to + before, from, static_cast<size_t>(inside) * sizeof(float));
    memset(to + before + inside, 0, static_cast<size_t>(width - before - inside) * sizeof(float));
  }

  const ConvProblem& p;
  int64_t height;
  int64_t width;
  int64_t floats;
};

int64_t tap_floats(const ConvProblem& p) {
  return conv_round(p.plain_channels * p.y.kernel * static_cast<int64_t>(sizeof(Tap) / sizeof(float)), kBlock);
}

// A kernel row of each channel. They follow one another in the packed weights.
void list_rows(const Padded& padded, Tap* taps) {
  const ConvProblem& p = padded.p;
  for (int64_t t = 0; t < p.plain_channels * p.y.kernel; ++t)
    taps[t] = Tap{(t / p.y.kernel * padded.height + t % p.y.kernel * p.y.dilation) * padded.width, t * p.x.kernel * kGroup};
}

void target_row(const Padded& padded, const float* rows, int64_t image, int64_t y, TileCall call, const float* bias) {
  const ConvProblem& p = padded.p;
  const RowTiles tiles(p.x.target);
  for (int64_t block = 0; block < conv_blocks(p.target.channels); block += kTileBlocks) {
    const int64_t blocks = conv_least(kTileBlocks, conv_blocks(p.target.channels) - block);
    const int64_t row = image * p.target.image + block * p.target.block + y * p.x.target * kBlock;
    call.w = p.packed + block / 2 * p.group_floats() + block % 2 * kBlock;
    call.bias = bias != nullptr ? bias + block * kBlock : nullptr;
    for (int64_t t = 0; t < tiles.tiles; ++t) {
      const int64_t at = row + tiles.begin(t) * kBlock;
      call.a = rows + y * p.y.stride * padded.width + tiles.begin(t) * p.x.stride;
      call.c = p.target.data + at;
      call.residual = p.epilogue.residual != nullptr ? p.epilogue.residual + at : nullptr;
      row_tile_function(p.x.stride, tiles.rows(t), blocks)(call, p.x.kernel);
    }
  }
}

void run_image(const Exec& exec, const Padded& padded, int64_t image, const float* bias, const Tap* taps, float* rows) {
  const ConvProblem& p = padded.p;
  parallel_for(exec, p.plain_channels * padded.height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) padded.copy_row(image, row, rows);
  });
  TileCall call;
  call.taps = taps;
  call.tap_count = p.plain_channels * p.y.kernel;
  call.c_block = p.target.block;
  call.clamp = p.epilogue.clamp;
  call.lowest = p.epilogue.lowest;
  call.highest = p.epilogue.highest;
  parallel_for(exec, p.y.target, 1, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) target_row(padded, rows, image, y, call, bias);
  });
}

// An image a thread where there are enough of them.
bool slices_images(const Exec& exec, const ConvProblem& p) { return p.batch >= exec.parallel.threads; }

}  // namespace

bool conv_runs_rows(const ConvProblem& p) {
  return p.plain() && !p.y.backward && p.x.stride <= 2 && p.x.dilation == 1 && p.x.target > 0 && p.y.target > 0;
}

int64_t conv_rows_scratch(const Exec& exec, const ConvProblem& p) {
  const int64_t images = slices_images(exec, p) ? slice_count(exec, p.batch) : 1;
  return conv_bias_floats(p.target.channels) + tap_floats(p) + images * Padded(p).floats;
}

void conv_rows(const Exec& exec, const ConvProblem& p, float* scratch) {
  const Padded padded(p);
  const float* bias = conv_pad_bias(p.epilogue, p.target.channels, scratch);
  Tap* taps = reinterpret_cast<Tap*>(scratch + conv_bias_floats(p.target.channels));
  float* rows = scratch + conv_bias_floats(p.target.channels) + tap_floats(p);
  list_rows(padded, taps);
  if (!slices_images(exec, p)) {
    for (int64_t n = 0; n < p.batch; ++n) run_image(exec, padded, n, bias, taps, rows);
    return;
  }
  parallel_slices(exec, p.batch, [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) run_image(serial(exec), padded, n, bias, taps, rows + slice * padded.floats);
  });
}

}  // namespace keima::KEIMA_ISA
