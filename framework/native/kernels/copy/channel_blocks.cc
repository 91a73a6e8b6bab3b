// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kernels/copy/copy.h"

namespace keima {
namespace {

// Pixels moved at a time, so that a block's rows stay in cache.
constexpr int64_t kPixels = 64;
constexpr int64_t kGrain = 1 << 15;

template <class T>
void pack_block(const T* in, T* out, int64_t lanes, int64_t block, int64_t pixels) {
  for (int64_t start = 0; start < pixels; start += kPixels) {
    const int64_t end = start + kPixels < pixels ? start + kPixels : pixels;
    for (int64_t lane = 0; lane < lanes; ++lane)
      for (int64_t p = start; p < end; ++p) out[p * block + lane] = in[lane * pixels + p];
    for (int64_t lane = lanes; lane < block; ++lane)
      for (int64_t p = start; p < end; ++p) out[p * block + lane] = T{};
  }
}

template <class T>
void unpack_block(const T* in, T* out, int64_t lanes, int64_t block, int64_t pixels) {
  for (int64_t start = 0; start < pixels; start += kPixels) {
    const int64_t end = start + kPixels < pixels ? start + kPixels : pixels;
    for (int64_t lane = 0; lane < lanes; ++lane)
      for (int64_t p = start; p < end; ++p) out[lane * pixels + p] = in[p * block + lane];
  }
}

// move(plain, blocked, lanes) for each (image, block).
template <class Move>
void each_block(const Exec& exec, const ChannelBlockArgs& args, const Move& move) {
  const int64_t blocks = (args.channels + args.block - 1) / args.block;
  const int64_t per_block = args.pixels * args.block;
  if (per_block == 0) return;
  parallel_for(exec, args.images * blocks, kGrain / per_block + 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / blocks, first = task % blocks * args.block;
      const int64_t lanes = args.channels - first < args.block ? args.channels - first : args.block;
      move((image * args.channels + first) * args.pixels, task * per_block, lanes);
    }
  });
}

template <class T>
void pack(const Exec& exec, const ChannelBlockArgs& args) {
  each_block(exec, args, [&](int64_t plain, int64_t blocked, int64_t lanes) {
    pack_block(static_cast<const T*>(args.in) + plain, static_cast<T*>(args.out) + blocked, lanes, args.block, args.pixels);
  });
}

template <class T>
void unpack(const Exec& exec, const ChannelBlockArgs& args) {
  each_block(exec, args, [&](int64_t plain, int64_t blocked, int64_t lanes) {
    unpack_block(static_cast<const T*>(args.in) + blocked, static_cast<T*>(args.out) + plain, lanes, args.block, args.pixels);
  });
}

}  // namespace

void pack_channel_blocks(const Exec& exec, const ChannelBlockArgs& args) {
  switch (size_of(args.type)) {
    case 4: return pack<uint32_t>(exec, args);
    case 2: return pack<uint16_t>(exec, args);
    default: return pack<uint8_t>(exec, args);
  }
}

void unpack_channel_blocks(const Exec& exec, const ChannelBlockArgs& args) {
  switch (size_of(args.type)) {
    case 4: return unpack<uint32_t>(exec, args);
    case 2: return unpack<uint16_t>(exec, args);
    default: return unpack<uint8_t>(exec, args);
  }
}

}  // namespace keima
