// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/channel_shuffle/channel_shuffle_body.h"

#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int64_t kBlock = 16;
using Floats = Vec<float, kLanes>;
using Ints = Vec<int32_t, kLanes>;

// Lane i of the result is lane index[i] of a, or index[i] - kLanes of b.
KEIMA_INLINE Floats pick(Floats a, Floats b, Ints index) {
#if defined(__clang__)
  Floats picked{};
  for (int i = 0; i < kLanes; ++i) picked[i] = index[i] < kLanes ? a[index[i]] : b[index[i] - kLanes];
  return picked;
#else
  return __builtin_shuffle(a, b, index);
#endif
}

// Where an output channel comes from: a vector of a source and a lane of it.
struct Origin {
  const float* vector;
  int32_t lane;
};

Origin origin_of(const ChannelShuffleArgs& args, int64_t total, int64_t image, int64_t channel) {
  const int64_t i = args.start + channel;
  int64_t c = i % args.groups * (total / args.groups) + i / args.groups;
  const ChannelSource* source = args.sources;
  for (; c >= source->channels; ++source) c -= source->channels;
  const int64_t block = image * ((source->channels + kBlock - 1) / kBlock) + c / kBlock, lane = c % kBlock;
  return {source->data + block * args.pixels * kBlock + lane / kLanes * kLanes, static_cast<int32_t>(lane % kLanes)};
}

// A vector of output channels: the vectors that its lanes come from, at most kVectors, and the lanes of them in a row.
struct Lanes {
  static constexpr int kVectors = 4;

  // False: they come from more vectors.
  bool add(int lane, const Origin& origin) {
    int at = 0;
    while (at < count && vectors[at] != origin.vector) ++at;
    if (at == kVectors) return false;
    if (at == count) vectors[count++] = origin.vector;
    index[lane] = at * kLanes + origin.lane;
    return true;
  }

  const float* vectors[kVectors];
  int count = 0;
  int32_t index[kLanes] = {};
};

void copy_vectors(const Lanes& lanes, int filled, int64_t pixels, float* out) {
  const float* from[Lanes::kVectors];
  for (int v = 0; v < Lanes::kVectors; ++v) from[v] = lanes.vectors[v < lanes.count ? v : 0];
  const Ints index = load<kLanes>(lanes.index), kept = iota<Ints>() < filled;
  const Ints second = index >= 2 * kLanes;
  const bool few = lanes.count <= 2;
  for (int64_t at = 0; at < pixels * kBlock; at += kBlock) {
    Floats picked = pick(load<kLanes>(from[0] + at), load<kLanes>(from[1] + at), index);
    if (!few) picked = second ? pick(load<kLanes>(from[2] + at), load<kLanes>(from[3] + at), index - 2 * kLanes) : picked;
    store(out + at, kept ? picked : Floats{});
  }
}

void copy_lanes(const Origin* origins, int filled, int64_t pixels, float* out) {
  for (int lane = 0; lane < kLanes; ++lane)
    for (int64_t at = 0; at < pixels * kBlock; at += kBlock)
      out[at + lane] = lane < filled ? origins[lane].vector[at + origins[lane].lane] : 0.0F;
}

}  // namespace

void channel_shuffle_block(const ChannelShuffleArgs& args, int64_t image, int64_t block) {
  int64_t total = 0;
  for (int64_t i = 0; i < args.source_count; ++i) total += args.sources[i].channels;
  const int64_t blocks = (args.channels + kBlock - 1) / kBlock;
  float* out = args.out + (image * blocks + block) * args.pixels * kBlock;
  for (int64_t first = block * kBlock; first < (block + 1) * kBlock; first += kLanes, out += kLanes) {
    const int64_t left = args.channels - first;
    const int filled = left < 0 ? 0 : left < kLanes ? static_cast<int>(left) : kLanes;
    Origin origins[kLanes];
    Lanes lanes;
    bool few = filled > 0;
    for (int lane = 0; lane < filled; ++lane) {
      origins[lane] = origin_of(args, total, image, first + lane);
      few = few && lanes.add(lane, origins[lane]);
    }
    if (few) copy_vectors(lanes, filled, args.pixels, out);
    else copy_lanes(origins, filled, args.pixels, out);
  }
}

}  // namespace keima::KEIMA_ISA
