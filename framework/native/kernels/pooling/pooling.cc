// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/pooling/pooling.h"

#include <string.h>

#include "kernels/pooling/pooling_body.h"

namespace keima {
namespace {

constexpr int64_t kBlock = 16;
constexpr int64_t kGrain = 1 << 14;

// visit(plane); planes are independent, so that the number of threads does not show.
template <class Visit>
void each_plane(const Exec& exec, const PoolArgs& args, const Visit& visit) {
  const int64_t work = args.out_h * args.out_w * args.kernel_h * args.kernel_w * kBlock + 1;
  parallel_for(exec, args.planes, kGrain / work + 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) visit(plane);
  });
}

int64_t in_floats(const PoolArgs& args) { return args.in_h * args.in_w * kBlock; }
int64_t out_floats(const PoolArgs& args) { return args.out_h * args.out_w * kBlock; }

// Whether a position lies in the input plane: lanes behind the last channel hold anything, and so may a graph from outside.
bool inside(const PoolArgs& args, int32_t position) {
  return static_cast<uint32_t>(position) < static_cast<uint64_t>(args.in_h * args.in_w);
}

}  // namespace

void max_pool(const Exec& exec, const PoolArgs& args, const float* in, float* out, int32_t* positions) {
  each_plane(exec, args, [&](int64_t plane) {
    const int64_t at = plane * out_floats(args);
    KEIMA_PICK(exec.isa, max_pool_plane)(args, in + plane * in_floats(args), out + at, positions != nullptr ? positions + at : nullptr);
  });
}

// Element i of a pixel is a channel: positions name the pixel for each channel by itself.
void max_pool_scatter(const Exec& exec, const PoolArgs& args, const float* out_gradient, const int32_t* positions, float* in_gradient) {
  each_plane(exec, args, [&](int64_t plane) {
    float* in = in_gradient + plane * in_floats(args);
    memset(in, 0, static_cast<size_t>(in_floats(args)) * sizeof(float));
    const int64_t start = plane * out_floats(args);
    for (int64_t i = 0; i < out_floats(args); ++i) {
      const int32_t position = positions[start + i];
      if (inside(args, position)) in[position * kBlock + i % kBlock] += out_gradient[start + i];
    }
  });
}

void max_pool_gather(const Exec& exec, const PoolArgs& args, const float* in, const int32_t* positions, float* out) {
  each_plane(exec, args, [&](int64_t plane) {
    const float* from = in + plane * in_floats(args);
    const int64_t start = plane * out_floats(args);
    for (int64_t i = 0; i < out_floats(args); ++i) {
      const int32_t position = positions[start + i];
      out[start + i] = inside(args, position) ? from[position * kBlock + i % kBlock] : 0.F;
    }
  });
}

void average_pool(const Exec& exec, const PoolArgs& args, bool count_padding, const float* in, float* out) {
  each_plane(exec, args, [&](int64_t plane) {
    KEIMA_PICK(exec.isa, average_pool_plane)(args, count_padding, in + plane * in_floats(args), out + plane * out_floats(args));
  });
}

void average_pool_backward(const Exec& exec, const PoolArgs& args, bool count_padding, const float* out_gradient, float* in_gradient) {
  each_plane(exec, args, [&](int64_t plane) {
    KEIMA_PICK(exec.isa, average_pool_backward_plane)(args, count_padding, out_gradient + plane * out_floats(args), in_gradient + plane * in_floats(args));
  });
}

}  // namespace keima
