// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/batch_norm/batch_norm.h"

#include "kernels/batch_norm/batch_norm_body.h"

namespace keima {
namespace {

constexpr int64_t kBlock = 16;
constexpr int64_t kGrain = 1 << 14;

// Sums over all images of one channel block belong to one thread, images in order: the number of threads does not show.
template <class Visit>
void each_block(const Exec& exec, const BatchNormArgs& args, const Visit& visit) {
  const int64_t work = args.images * args.pixels * kBlock + 1;
  parallel_for(exec, args.blocks, kGrain / work + 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) visit(block);
  });
}

// visit(block, offset of the plane)
template <class Visit>
void each_plane(const Exec& exec, const BatchNormArgs& args, const Visit& visit) {
  const int64_t floats = args.pixels * kBlock;
  parallel_for(exec, args.images * args.blocks, kGrain / (floats + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) visit(plane % args.blocks * kBlock, plane * floats);
  });
}

int64_t plane_at(const BatchNormArgs& args, int64_t image, int64_t block) { return (image * args.blocks + block) * args.pixels * kBlock; }

}  // namespace

void batch_norm_statistics(const Exec& exec, const BatchNormArgs& args, const float* in, float* mean, float* variance) {
  const double count = static_cast<double>(args.images * args.pixels);
  each_block(exec, args, [&](int64_t block) {
    double sum[kBlock] = {}, squares[kBlock] = {};
    const float* shift = in + plane_at(args, 0, block);  // the first pixel
    for (int64_t image = 0; image < args.images; ++image)
      KEIMA_PICK(exec.isa, sum_plane)(args.pixels, in + plane_at(args, image, block), shift, sum, squares);
    for (int64_t lane = 0; lane < kBlock; ++lane) {
      const double offset = sum[lane] / count, spread = squares[lane] / count - offset * offset;
      mean[block * kBlock + lane] = static_cast<float>(static_cast<double>(shift[lane]) + offset);
      variance[block * kBlock + lane] = static_cast<float>(spread > 0 ? spread : spread <= 0 ? 0 : spread);  // NaN stays
    }
  });
}

void batch_norm_apply(const Exec& exec, const BatchNormArgs& args, const float* in, const float* scale, const float* shift, float* out) {
  each_plane(exec, args, [&](int64_t channel, int64_t at) {
    KEIMA_PICK(exec.isa, scale_plane)(args.pixels, in + at, scale + channel, shift + channel, out + at);
  });
}

void batch_norm_gradient_sums(const Exec& exec, const BatchNormArgs& args, const float* in, const float* gradient, const float* mean,
                              float* gradient_sum, float* gradient_dot) {
  each_block(exec, args, [&](int64_t block) {
    double sum[kBlock] = {}, dot[kBlock] = {};
    for (int64_t image = 0; image < args.images; ++image) {
      const int64_t at = plane_at(args, image, block);
      KEIMA_PICK(exec.isa, dot_plane)(args.pixels, in + at, gradient + at, mean + block * kBlock, sum, dot);
    }
    for (int64_t lane = 0; lane < kBlock; ++lane) {
      gradient_sum[block * kBlock + lane] = static_cast<float>(sum[lane]);
      gradient_dot[block * kBlock + lane] = static_cast<float>(dot[lane]);
    }
  });
}

void batch_norm_gradient(const Exec& exec, const BatchNormArgs& args, const float* in, const float* gradient, const float* a, const float* b,
                         const float* k, float* in_gradient) {
  each_plane(exec, args, [&](int64_t channel, int64_t at) {
    KEIMA_PICK(exec.isa, combine_plane)(args.pixels, in + at, gradient + at, a + channel, b + channel, k + channel, in_gradient + at);
  });
}

}  // namespace keima
