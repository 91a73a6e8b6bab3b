// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/channel_shuffle/channel_shuffle.h"
#include "simd/variants.h"

namespace keima {

// One block of 16 output channels of one image.
KEIMA_EACH_ISA(void channel_shuffle_block(const ChannelShuffleArgs& args, int64_t image, int64_t block))

}  // namespace keima
