// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Winograd's minimal filtering of 3x3 kernels (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015):
// a square of m x m results takes (m+2)^2 products instead of 9 m^2. Sources, weights and results are each transformed by
// a few additions; between the transforms lies one matrix product for each of the (m+2)^2 points,
//   M[point][tile][out] = sum over in of V[point][tile][in] * U[point][in][out].
// A tile is one m x m square of one image; all the images' tiles are one list, cut into chunks that stay in the caches.
#pragma once

#include "kernels/conv/geometry.h"
#include "simd/variants.h"

namespace keima {

// Chunks whose V and M together are larger than this leave the second cache, but a chunk needs some rows for each load of
// the weights to be worth it.
inline constexpr int64_t kWinogradChunkFloats = 192 * 1024;
inline constexpr int64_t kWinogradLeastChunk = 56;

struct WinogradTiles {
  explicit WinogradTiles(const ConvProblem& p)
      : m(p.winograd),
        tiles_y((p.y.target + m - 1) / m),
        tiles_x((p.x.target + m - 1) / m),
        total(p.batch * tiles_y * tiles_x) {
    const int64_t tile_floats = points() * (p.source_blocks() + conv_blocks(p.target.channels)) * kBlock;
    const int64_t fits = conv_round(kWinogradChunkFloats / tile_floats, 14);  // whole micro-kernel tiles
    chunk = conv_least(total, conv_most(kWinogradLeastChunk, fits));
  }

  int64_t size() const { return m + 2; }
  int64_t points() const { return size() * size(); }
  int64_t chunks() const { return (total + chunk - 1) / chunk; }
  // Floats between two points of a transformed chunk. Five cache lines more than it takes: powers of two would put all
  // the points of a tile into one set of the first cache.
  int64_t point_floats(int64_t blocks) const { return (blocks * chunk + 5) * kBlock; }

  int64_t m;
  int64_t tiles_y;
  int64_t tiles_x;
  int64_t total;
  int64_t chunk;  // tiles
};

// Zeros before the first pixel, seen by a correlation: backwards the kernel is turned round.
constexpr int64_t winograd_pad(const ConvAxis& axis) { return axis.backward ? axis.kernel - 1 - axis.pad : axis.pad; }

KEIMA_EACH_ISA(int64_t conv_winograd_scratch(const Exec& exec, const ConvProblem& problem))
KEIMA_EACH_ISA(void conv_winograd(const Exec& exec, const ConvProblem& problem, float* scratch))

// The weights' gradient in the packed order [out/32][in/16][tap][16][32].
KEIMA_EACH_ISA(int64_t conv_winograd_weights_scratch(const Exec& exec, const ConvProblem& problem))
KEIMA_EACH_ISA(void conv_winograd_weights(const Exec& exec, const ConvProblem& problem, float* sums, float* scratch))

// Plain weights to [point][out/32][in/16][16][32]; or, for the adjoint, with out and in exchanged and the kernel turned.
KEIMA_EACH_ISA(void conv_winograd_pack(const Exec& exec, int64_t m, const float* weights, int64_t out, int64_t in,
                                       bool backward, float* packed))

}  // namespace keima
