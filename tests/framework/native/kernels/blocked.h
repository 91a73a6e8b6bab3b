// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Activations in tests: plain [n][c][pixel] values and their channel-blocked copies, with NaN in the tail lanes.
#pragma once

#include "kernel_test.h"

namespace keima::test {

inline int64_t blocked_at(int64_t channels, int64_t pixels, int64_t n, int64_t c, int64_t pixel) {
  return ((n * ((channels + 15) / 16) + c / 16) * pixels + pixel) * 16 + c % 16;
}

inline std::vector<float> to_blocked(const std::vector<float>& plain, int64_t batch, int64_t channels, int64_t pixels) {
  std::vector<float> blocked(static_cast<size_t>(batch * ((channels + 15) / 16) * pixels * 16), kNan);
  for (int64_t i = 0; i < batch * channels * pixels; ++i) {
    const int64_t n = i / (channels * pixels), c = i / pixels % channels;
    blocked[static_cast<size_t>(blocked_at(channels, pixels, n, c, i % pixels))] = plain[static_cast<size_t>(i)];
  }
  return blocked;
}

inline std::vector<float> to_plain(const std::vector<float>& blocked, int64_t batch, int64_t channels, int64_t pixels) {
  std::vector<float> plain(static_cast<size_t>(batch * channels * pixels));
  for (int64_t i = 0; i < batch * channels * pixels; ++i) {
    const int64_t n = i / (channels * pixels), c = i / pixels % channels;
    plain[static_cast<size_t>(i)] = blocked[static_cast<size_t>(blocked_at(channels, pixels, n, c, i % pixels))];
  }
  return plain;
}

}  // namespace keima::test
