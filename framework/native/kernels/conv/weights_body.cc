// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Gradient of the weights: for each (block of 16 inputs, group of 32 outputs, tap) the sum over pixels of the outer
// product of a source pixel and a gradient pixel. Blocks of 16 need no transposition: the gradient is loaded as
// vectors, the source broadcast.
#include "kernels/conv/conv_body.h"
#include "kernels/conv/outer.h"
#include "kernels/conv/planes.h"
#include "kernels/conv/winograd.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int64_t kStripPixels = 448;  // 8 rows of 56: source and gradient of a strip stay in the second cache

bool runs_batch_inner(const ConvProblem& p) {
  return !p.plain() && p.batch >= 8 && p.source_pixels() <= 64 && p.target_pixels() <= 64;
}

int64_t sum_floats(const ConvProblem& p) { return p.groups() * p.group_floats(); }
int64_t target_blocks(const ConvProblem& p) { return conv_blocks(p.target.channels); }
int64_t strip_rows(const ConvProblem& p) {
  return conv_least(p.y.target, conv_most(1, kStripPixels / p.x.target));
}
// Pairs (source block, output group), the block varying slowest.
int64_t pairs(const ConvProblem& p) { return p.source_blocks() * p.groups(); }

float* sums_of(const ConvProblem& p, float* sums, int64_t group, int64_t block) {
  return sums + group * p.group_floats() + block * p.taps() * kTapFloats;
}

// --- direct ---------------------------------------------------------------------------------------------------------

struct Strip {
  int64_t image;
  int64_t q0;
  int64_t rows;
};

void strip_pair(const Planes& planes, const Strip& strip, int64_t group, const float* source, float* sums) {
  const ConvProblem& p = planes.problem;
  const int64_t row = p.x.target * kBlock;
  const float* gradient = p.target.data + strip.image * p.target.image + 2 * group * p.target.block + strip.q0 * row;
  const Runs runs{1, 0, 0, strip.rows, planes.row_floats(), row, p.x.target};
  const int64_t blocks = conv_least(2, target_blocks(p) - 2 * group);
  const bool accumulate = strip.image > 0 || strip.q0 > 0;
  for (int64_t tap = 0; tap < p.taps(); ++tap)
    outer_block(source + planes.offset(tap / p.x.kernel, 0, tap % p.x.kernel, 0), gradient, p.target.block, blocks, runs,
                sums + tap * kTapFloats, accumulate);
}

void strip_pairs(const Planes& planes, const Strip& strip, int64_t begin, int64_t end, float* planes_data, float* sums) {
  const ConvProblem& p = planes.problem;
  const int64_t first = begin / p.groups(), last = (end - 1) / p.groups();
  for (int64_t block = first; block <= last; ++block)
    planes.build(strip.image, block, strip.q0, strip.rows, planes_data + (block - first) * planes.block_floats());
  for (int64_t group = 0; group < p.groups(); ++group)
    for (int64_t block = first; block <= last; ++block) {
      const int64_t pair = block * p.groups() + group;
      if (pair < begin || pair >= end) continue;
      strip_pair(planes, strip, group, planes_data + (block - first) * planes.block_floats(), sums_of(p, sums, group, block));
    }
}

void run_direct(const Exec& exec, const ConvProblem& p, float* sums, float* scratch) {
  const int64_t rows = strip_rows(p);
  const Planes planes(p, rows);
  parallel_slices(exec, pairs(p), [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t n = 0; n < p.batch; ++n)
      for (int64_t q = 0; q < p.y.target; q += rows)
        strip_pairs(planes, Strip{n, q, conv_least(rows, p.y.target - q)}, begin, end, scratch + slice * planes.floats(),
                    sums);
  });
}

// --- small images: the batch innermost ------------------------------------------------------------------------------

// Targets [first, first + count) of an axis meet a source pixel by this tap.
struct Met {
  Met(const ConvAxis& axis, int64_t tap) {
    while (first < axis.target && axis.source_of(first, tap) < 0) ++first;
    while (first + count < axis.target && axis.source_of(first + count, tap) >= 0) ++count;
  }
  int64_t first = 0;
  int64_t count = 0;
};

void inner_tap(const ConvProblem& p, int64_t tap, const float* source, const float* gradient, int64_t blocks, float* sums) {
  const int64_t ky = tap / p.x.kernel, kx = tap % p.x.kernel, pixel = p.batch * kBlock;
  const Met y(p.y, ky), x(p.x, kx);
  if (y.count == 0 || x.count == 0) {
    memset(sums, 0, static_cast<size_t>(kTapFloats) * sizeof(float));
    return;
  }
  source += (p.y.source_of(y.first, ky) * p.x.source + p.x.source_of(x.first, kx)) * pixel;
  gradient += (y.first * p.x.target + x.first) * pixel;
  const Runs runs{y.count, p.y.stride * p.x.source * pixel, p.x.target * pixel, x.count, p.x.stride * pixel, pixel, p.batch};
  outer_block(source, gradient, p.target_pixels() * pixel, blocks, runs, sums, false);
}

void run_batch_inner(const Exec& exec, const ConvProblem& p, float* sums, float* scratch) {
  const int64_t image = p.batch * kBlock;
  float* source = scratch;
  float* gradient = source + p.source_blocks() * p.source_pixels() * image;
  const int64_t sources = p.source_blocks() * p.source_pixels();
  const int64_t targets = target_blocks(p) * p.target_pixels();
  parallel_for(exec, sources + targets, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const bool is_source = i < sources;
      const int64_t at = is_source ? i : i - sources;
      const int64_t pixels = is_source ? p.source_pixels() : p.target_pixels();
      batch_inner_pixel(is_source ? p.source : p.target, p.batch, at / pixels, at % pixels,
                        (is_source ? source : gradient) + at * image);
    }
  });
  parallel_for(exec, pairs(p), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / p.groups(), group = i % p.groups();
      for (int64_t tap = 0; tap < p.taps(); ++tap)
        inner_tap(p, tap, source + block * p.source_pixels() * image, gradient + 2 * group * p.target_pixels() * image,
                  conv_least(2, target_blocks(p) - 2 * group), sums_of(p, sums, group, block) + tap * kTapFloats);
    }
  });
}

// --- from the packed order to the plain one ---------------------------------------------------------------------------

// Rows of a plain source are its (channel, tap) pairs, each met by one tap.
void unpack_block(const ConvProblem& p, int64_t group, int64_t half, int64_t block, const float* sums, float* plain) {
  const int64_t taps = p.taps();
  const int64_t in = p.plain() ? p.plain_channels * p.kernel() : p.source.channels;
  const int64_t o0 = group * kGroup + half, i0 = block * kBlock;
  const int64_t outs = conv_least(kBlock, p.target.channels - o0), ins = conv_least(kBlock, in - i0);
  float* to = plain + (o0 * in + i0) * taps;
  if (outs == kBlock && ins == kBlock) {
    for (int64_t j = 0; j < kBlock * taps; j += kBlock)
      transpose_rows([&](int64_t r) { return sums + conv_packed_row(j + r, taps) * kGroup + half; },
                     [&](int64_t o) { return to + o * in * taps + j; });
    return;
  }
  for (int64_t o = 0; o < outs; ++o)
    for (int64_t j = 0; j < ins * taps; ++j) to[o * in * taps + j] = sums[conv_packed_row(j, taps) * kGroup + half + o];
}

void unpack(const Exec& exec, const ConvProblem& p, float* sums, float* plain) {
  parallel_for(exec, pairs(p), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / p.source_blocks(), block = i % p.source_blocks();
      for (int64_t half = 0; half < kGroup; half += kBlock)
        unpack_block(p, group, half, block, sums_of(p, sums, group, block), plain);
    }
  });
}

}  // namespace

int64_t conv_weights_scratch(const Exec& exec, const ConvProblem& p) {
  const int64_t image = p.batch * kBlock;
  if (p.winograd > 0) return sum_floats(p) + conv_winograd_weights_scratch(exec, p);
  if (runs_batch_inner(p))
    return sum_floats(p) + (p.source_blocks() * p.source_pixels() + target_blocks(p) * p.target_pixels()) * image;
  return sum_floats(p) + slice_count(exec, pairs(p)) * Planes(p, strip_rows(p)).floats();
}

void conv_weights(const Exec& exec, const ConvProblem& p, float* grad_weights, float* scratch) {
  float* sums = scratch;
  scratch += sum_floats(p);
  if (p.winograd > 0) {
    conv_winograd_weights(exec, p, sums, scratch);
  } else if (runs_batch_inner(p)) {
    run_batch_inner(exec, p, sums, scratch);
  } else {
    run_direct(exec, p, sums, scratch);
  }
  unpack(exec, p, sums, grad_weights);
}

}  // namespace keima::KEIMA_ISA
