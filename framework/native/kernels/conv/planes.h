// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The source of a convolution, copied for the micro-kernel: with zeros around it and in its tail lanes, strips of rows at
// a time. The copy is small beside the products that read it.
#pragma once

#include <string.h>

#include "kernels/conv/geometry.h"
#include "kernels/gemm/transpose.h"

namespace keima::KEIMA_ISA {

// Planes of `rows` q's: [source block][plane y][plane x][rows + reach][width][16].
struct Planes {
  Planes(const ConvProblem& p, int64_t q_rows)
      : problem(p),
        planes_x(p.plain() ? 1 : p.x.planes()),
        planes_y(p.plain() ? 1 : p.y.planes()),
        width(p.plain() ? p.x.extent() : p.x.extent() + p.x.reach()),
        rows(q_rows),
        height(p.plain() ? q_rows : q_rows + p.y.reach()) {}

  int64_t row_floats() const { return width * kBlock; }
  int64_t plane_floats() const { return height * row_floats(); }
  int64_t block_floats() const { return planes_y * planes_x * plane_floats(); }
  int64_t floats() const { return problem.source_blocks() * block_floats(); }

  // Where target q = (0, 0) of a class reads for a tap.
  int64_t offset(int64_t tap_y, int64_t class_y, int64_t tap_x, int64_t class_x) const {
    if (problem.plain()) return 0;
    const int64_t plane = problem.y.plane(tap_y) * planes_x + problem.x.plane(tap_x);
    return plane * plane_floats() + problem.y.shift(tap_y, class_y) * row_floats() +
           problem.x.shift(tap_x, class_x) * kBlock;
  }

  // Writes block `block` of image n for q rows [q0, q0 + count).
  void build(int64_t n, int64_t block, int64_t q0, int64_t count, float* to) const {
    if (problem.plain()) return unfold(n, block, q0, count, to);
    for (int64_t py = 0; py < planes_y; ++py)
      for (int64_t px = 0; px < planes_x; ++px, to += plane_floats())
        for (int64_t i = 0; i < count + problem.y.reach(); ++i) {
          const int64_t y = (q0 + i) * problem.y.source_step() + problem.y.source_start(py);
          float* row = to + i * row_floats();
          if (y < 0 || y >= problem.y.source) {
            memset(row, 0, static_cast<size_t>(row_floats()) * sizeof(float));
          } else {
            copy_row(n, block, y, px, row);
          }
        }
  }

  const ConvProblem& problem;
  int64_t planes_x;
  int64_t planes_y;
  int64_t width;
  int64_t rows;
  int64_t height;

 private:
  void copy_row(int64_t n, int64_t block, int64_t y, int64_t plane_x, float* to) const {
    const ConvAxis& x = problem.x;
    const int64_t step = x.source_step(), start = x.source_start(plane_x);
    const int64_t lanes_here = conv_least(kBlock, problem.source.channels - block * kBlock);
    const float* from = problem.source.data + n * problem.source.image + block * problem.source.block +
                        y * x.source * kBlock;
    // Indices [inside, outside) of the row lie in the image.
    const int64_t inside = conv_least(width, start >= 0 ? 0 : (-start + step - 1) / step);
    const int64_t room = x.source - 1 - start;
    const int64_t outside = conv_most(inside, conv_least(width, room < 0 ? 0 : room / step + 1));
    memset(to, 0, static_cast<size_t>(inside * kBlock) * sizeof(float));
    from += (inside * step + start) * kBlock;
    if (step == 1 && lanes_here == kBlock) {
      memcpy(to + inside * kBlock, from, static_cast<size_t>((outside - inside) * kBlock) * sizeof(float));
    } else {
      for (int64_t i = inside; i < outside; ++i, from += step * kBlock)
        copy_padded(from, lanes_here, to + i * kBlock, kBlock);
    }
    memset(to + outside * kBlock, 0, static_cast<size_t>((width - outside) * kBlock) * sizeof(float));
  }

  // Sixteen (channel, tap) pairs of every target pixel, side by side.
  void unfold(int64_t n, int64_t block, int64_t q0, int64_t count, float* to) const {
    const ConvAxis &y = problem.y, &x = problem.x;
    for (int64_t lane = 0; lane < kBlock; ++lane) {
      const int64_t index = block * kBlock + lane;
      const int64_t channel = index / problem.kernel(), tap = index % problem.kernel();
      const bool exists = channel < problem.plain_channels;
      const float* image = problem.plain_source + (n * problem.plain_channels + (exists ? channel : 0)) * y.source * x.source;
      for (int64_t q = 0; q < count; ++q) {
        const int64_t from_y = exists ? y.source_of(q0 + q, tap / x.kernel) : -1;
        unfold_row(from_y < 0 ? nullptr : image + from_y * x.source, tap % x.kernel, to + q * row_floats() + lane);
      }
    }
  }

  void unfold_row(const float* from, int64_t tap, float* to) const {
    const ConvAxis& x = problem.x;
    int64_t s = tap * x.dilation - x.pad;
    for (int64_t i = 0; i < width; ++i, s += x.stride)
      to[i * kBlock] = from != nullptr && s >= 0 && s < x.source ? from[s] : 0.0F;
  }
};

// The source with the batch innermost, for images too small to fill tiles: [source block][pixel][image][16].
inline void batch_inner_pixel(const ConvView& view, int64_t batch, int64_t block, int64_t pixel, float* to) {
  const int64_t lanes_here = conv_least(kBlock, view.channels - block * kBlock);
  const float* from = view.data + block * view.block + pixel * kBlock;
  for (int64_t n = 0; n < batch; ++n) copy_padded(from + n * view.image, lanes_here, to + n * kBlock, kBlock);
}

}  // namespace keima::KEIMA_ISA
