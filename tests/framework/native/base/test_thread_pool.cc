// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/freestanding/exec.h"
#include "base/thread_pool.h"

using namespace keima;

namespace {

Exec exec_on(ThreadPool& pool) {
  Exec exec;
  exec.parallel = pool.parallel();
  return exec;
}

std::vector<int> visits(const Exec& exec, int64_t tasks, int64_t grain) {
  std::vector<int> counts(static_cast<size_t>(tasks));
  parallel_for(exec, tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++counts[static_cast<size_t>(i)];
  });
  return counts;
}

// Ranges seen by a loop, in order of their begin.
std::vector<std::pair<int64_t, int64_t>> ranges(const Exec& exec, int64_t tasks, int64_t grain) {
  std::vector<std::pair<int64_t, int64_t>> seen(static_cast<size_t>(tasks), {-1, -1});
  parallel_for(exec, tasks, grain, [&](int64_t begin, int64_t end) { seen[static_cast<size_t>(begin)] = {begin, end}; });
  std::erase_if(seen, [](const auto& range) { return range.first < 0; });
  return seen;
}

}  // namespace

TEST_CASE("every task is done once, whatever the number of threads") {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    for (const int64_t tasks : {1, 2, 3, 7, 8, 1000})
      for (const int64_t grain : {1, 3, 64, 5000}) {
        const auto counts = visits(exec_on(pool), tasks, grain);
        CHECK(std::accumulate(counts.begin(), counts.end(), 0) == tasks);
        CHECK(*std::max_element(counts.begin(), counts.end()) == 1);
      }
  }
}

TEST_CASE("an empty loop calls nothing, a null pool runs serially") {
  Exec serial;
  parallel_for(serial, 0, 1, [](int64_t, int64_t) { FAIL("called"); });
  CHECK(ranges(serial, 10, 1) == std::vector<std::pair<int64_t, int64_t>>{{0, 10}});
}

TEST_CASE("the partition is static, in units of the grain") {
  ThreadPool pool(3);
  const auto first = ranges(exec_on(pool), 100, 8);
  CHECK(first.size() == 3);
  for (const auto& range : first) CHECK(range.first % 8 == 0);
  for (int i = 0; i < 50; ++i) CHECK(ranges(exec_on(pool), 100, 8) == first);
}

TEST_CASE("a nested loop runs serially") {
  ThreadPool pool(4);
  ThreadPool other(4);
  std::atomic<int64_t> total{0};
  parallel_for(exec_on(pool), 8, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      parallel_for(exec_on(i % 2 == 0 ? pool : other), 10, 1, [&](int64_t b, int64_t e) {
        CHECK(b == 0);
        total += e - b;
      });
  });
  CHECK(total == 80);
}

TEST_CASE("an exception reaches the caller and the pool goes on") {
  ThreadPool pool(4);
  const Exec exec = exec_on(pool);
  for (int round = 0; round < 20; ++round) {
    CHECK_THROWS_WITH_AS(parallel_for(exec, 4, 1,
                                      [](int64_t begin, int64_t) {
                                        if (begin >= 2) throw std::runtime_error("range " + std::to_string(begin));
                                      }),
                         "range 2", std::runtime_error);
    CHECK(visits(exec, 100, 1) == std::vector<int>(100, 1));
  }
}

TEST_CASE("several threads may use one pool") {
  ThreadPool pool(3);
  std::atomic<int64_t> total{0};
  std::vector<std::thread> users;
  for (int user = 0; user < 4; ++user)
    users.emplace_back([&] {
      for (int i = 0; i < 200; ++i) parallel_for(exec_on(pool), 30, 1, [&](int64_t b, int64_t e) { total += e - b; });
    });
  for (std::thread& user : users) user.join();
  CHECK(total == 4 * 200 * 30);
}

// Thread sanitizer stops threads from starting in the child of a process that had several.
#if !defined(__SANITIZE_THREAD__)
TEST_CASE("the child of a fork has a pool of its own") {
  ThreadPool pool(4);
  CHECK(visits(exec_on(pool), 100, 1) == std::vector<int>(100, 1));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    const bool good = visits(exec_on(pool), 100, 1) == std::vector<int>(100, 1);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(visits(exec_on(pool), 100, 1) == std::vector<int>(100, 1));
}
#endif

TEST_CASE("KEIMA_NUM_THREADS takes counts and refuses anything else") {
  CHECK(parse_num_threads("3") == 3);
  CHECK(available_cores() >= 1);
  for (const char* text : {"", "0", "-1", "two", "2x", " 2", "99999", "99999999999999999999"})
    CHECK_THROWS_WITH_AS(parse_num_threads(text),
                         ("KEIMA_NUM_THREADS must be a number from 1 to 1024, not '" + std::string(text) + "'").c_str(),
                         std::invalid_argument);
}
