// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The allocator under threads: blocks never overlap, counts come out even, and the child of a fork goes on.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "base/allocator.h"

using namespace keima;

namespace {

struct Block {
  uint64_t* words;
  size_t bytes;
  uint64_t mark;
};

// Takes and frees blocks of all sizes, marked at both ends; the number of marks that somebody else overwrote.
int churn(uint64_t seed, int rounds) {
  std::mt19937_64 engine(seed);
  std::vector<Block> blocks;
  int spoilt = 0;
  const auto give_back = [&](size_t i) {
    const Block& block = blocks[i];
    spoilt += block.words[0] != block.mark || block.words[block.bytes / 8 - 1] != block.mark;
    Allocator::instance().free(block.words, block.bytes);
    blocks[i] = blocks.back();
    blocks.pop_back();
  };
  for (int round = 0; round < rounds; ++round) {
    const size_t bytes = size_t{8} << (engine() % 20);  // to 4 MB: both kinds of blocks
    auto* words = static_cast<uint64_t*>(Allocator::instance().allocate(bytes));
    const uint64_t mark = seed << 32 | static_cast<uint64_t>(round);
    words[0] = words[bytes / 8 - 1] = mark;
    blocks.push_back({words, bytes, mark});
    while (blocks.size() > engine() % 20) give_back(engine() % blocks.size());
    if (round % 64 == 0) Allocator::instance().trim();
  }
  while (!blocks.empty()) give_back(blocks.size() - 1);
  return spoilt;
}

}  // namespace

TEST_CASE("threads take, free and trim at once") {
  const int64_t before = Allocator::instance().stats().allocated;
  std::atomic<int> spoilt{0};
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back([&spoilt, seed] { spoilt += churn(seed, 1000); });
  for (std::thread& thread : threads) thread.join();
  CHECK(spoilt == 0);
  CHECK(Allocator::instance().stats().allocated == before);
}

// Thread sanitizer may stop the child of a process that has several threads.
#if !defined(__SANITIZE_THREAD__)
TEST_CASE("a child made while another thread allocates can allocate") {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) churn(9, 20);
  });
  int good = 0;
  constexpr int kChildren = 20;
  for (int i = 0; i < kChildren; ++i) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      alarm(20);
      Allocator::instance().free(Allocator::instance().allocate(100), 100);
      Allocator::instance().trim();
      _exit(0);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  stop = true;
  other.join();
  CHECK(good == kChildren);
}
#endif
