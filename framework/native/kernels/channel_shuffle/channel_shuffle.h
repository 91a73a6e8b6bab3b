// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Channels of activations in blocks of 16, joined, shuffled in groups and cut, without leaving the blocks.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"

namespace keima {

// [images][ceil(channels/16)][pixels][16]
struct ChannelSource {
  const float* data;
  int64_t channels;
};

// Output channel j is channel c of all sources one after the other, with i = start + j and c = (i % groups) * (total / groups)
// + i / groups: the order of ShuffleNet's channel shuffle (Zhang et al. 2017). `groups` divides the total.
struct ChannelShuffleArgs {
  int64_t images;
  int64_t pixels;
  const ChannelSource* sources;
  int64_t source_count;
  int64_t groups;
  int64_t start;
  int64_t channels;  // of the output; start + channels is at most the total
  float* out;        // blocked; lanes past `channels` are set to zero
};

void channel_shuffle(const Exec& exec, const ChannelShuffleArgs& args);

}  // namespace keima
