// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/channel_shuffle/channel_shuffle.h"

#include "kernels/channel_shuffle/channel_shuffle_body.h"

namespace keima {
namespace {

constexpr int64_t kBlock = 16;
// A block of 28x28 pixels takes about 2 us: less than a thousand pixels are not worth a second thread.
constexpr int64_t kGrainPixels = 1 << 10;

}  // namespace

void channel_shuffle(const Exec& exec, const ChannelShuffleArgs& args) {
  if (args.pixels <= 0) return;
  const int64_t blocks = (args.channels + kBlock - 1) / kBlock;
  parallel_for(exec, args.images * blocks, kGrainPixels / args.pixels + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) KEIMA_PICK(exec.isa, channel_shuffle_block)(args, i / blocks, i % blocks);
  });
}

}  // namespace keima
