// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The channel shuffle against joining, transposing and cutting plain arrays; NaN in the sources' tail lanes.
#include "kernels/channel_shuffle/channel_shuffle.h"

#include "../blocked.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Case {
  std::vector<int64_t> sources;  // channels
  int64_t groups, start, count;
  int64_t images = 2, pixels = 5;
};

// [images][total][pixels]
std::vector<float> joined(const Case& c, const std::vector<std::vector<float>>& plain, int64_t total) {
  std::vector<float> all(static_cast<size_t>(c.images * total * c.pixels));
  int64_t first = 0;
  for (size_t s = 0; s < plain.size(); ++s) {
    for (int64_t i = 0; i < static_cast<int64_t>(plain[s].size()); ++i) {
      const int64_t image = i / (c.sources[s] * c.pixels), rest = i % (c.sources[s] * c.pixels);
      all[static_cast<size_t>((image * total + first) * c.pixels + rest)] = plain[s][static_cast<size_t>(i)];
    }
    first += c.sources[s];
  }
  return all;
}

void check(const Exec& exec, const Case& c) {
  CAPTURE(c.sources.size()); CAPTURE(c.sources[0]); CAPTURE(c.groups); CAPTURE(c.start); CAPTURE(c.count);
  std::vector<std::vector<float>> plain, blocked;
  int64_t total = 0;
  for (const int64_t channels : c.sources) {
    plain.push_back(random_floats(static_cast<size_t>(c.images * channels * c.pixels), static_cast<uint32_t>(plain.size() + 1)));
    blocked.push_back(to_blocked(plain.back(), c.images, channels, c.pixels));
    total += channels;
  }
  std::vector<ChannelSource> sources;
  for (size_t s = 0; s < blocked.size(); ++s) sources.push_back({blocked[s].data(), c.sources[s]});
  std::vector<float> out(static_cast<size_t>(c.images * ((c.count + 15) / 16) * c.pixels * 16), kNan);
  channel_shuffle(exec, {c.images, c.pixels, sources.data(), static_cast<int64_t>(sources.size()), c.groups, c.start, c.count, out.data()});

  const std::vector<float> all = joined(c, plain, total);
  for (int64_t n = 0; n < c.images; ++n)
    for (int64_t j = 0; j < (c.count + 15) / 16 * 16; ++j)
      for (int64_t p = 0; p < c.pixels; ++p) {
        // (groups, total / groups) transposed: row j / groups of column j % groups.
        const int64_t from = (c.start + j) % c.groups * (total / c.groups) + (c.start + j) / c.groups;
        const float expected = j < c.count ? all[static_cast<size_t>((n * total + from) * c.pixels + p)] : 0.0F;
        CHECK(out[static_cast<size_t>(blocked_at(c.count, c.pixels, n, j, p))] == expected);
      }
}

}  // namespace

TEST_CASE("channel shuffle: halves that split blocks, many sources in a vector, one source, nothing") {
  for_each_exec([](const Exec& exec) {
    for (const Case& c : {Case{{58, 58}, 2, 0, 58}, Case{{58, 58}, 2, 58, 58}, Case{{24, 40}, 4, 3, 50}, Case{{32}, 1, 16, 16},
                          Case{{17}, 1, 5, 9}, Case{{3, 5, 2, 7, 1, 6, 4, 4}, 8, 0, 32}, Case{{96}, 32, 0, 96}, Case{{16, 0, 16}, 2, 0, 32},
                          Case{{20, 12}, 1, 0, 32, 1, 1100}, Case{{8, 8}, 2, 4, 0}, Case{{8}, 2, 0, 8, 0, 3}})
      check(exec, c);
  });
}
