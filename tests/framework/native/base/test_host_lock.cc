// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A host whose lock is a mutex: who holds it when, and that nobody waits long with it.
#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/freestanding/exec.h"
#include "base/host_lock.h"
#include "base/thread_pool.h"

using namespace keima;

namespace {

std::mutex host_mutex;
thread_local bool holds = false;
std::atomic<int> releases{0};

const HostLock kHost{[]() noexcept { return holds; },
                     []() noexcept -> void* {
                       ++releases;
                       holds = false;
                       host_mutex.unlock();
                       return &host_mutex;
                     },
                     [](void* state) noexcept {
                       static_cast<std::mutex*>(state)->lock();
                       holds = true;
                     }};

// A thread of the host's.
class HostThread {
 public:
  HostThread() {
    set_host_lock(kHost);
    host_mutex.lock();
    holds = true;
  }
  ~HostThread() {
    holds = false;
    host_mutex.unlock();
  }
};

using Ranges = std::vector<std::pair<int64_t, int64_t>>;

}  // namespace

TEST_CASE("the lock is let go where it is worth it, and held again afterwards") {
  CHECK(!host_lock_held());
  const HostThread host;
  CHECK(host_lock_held());
  {
    const ReleaseHostLock not_worth_it(false);
    CHECK(holds);
  }
  releases = 0;
  {
    const ReleaseHostLock released(true);
    CHECK(!holds);
    CHECK(host_lock_released());
    CHECK(!host_lock_held());
    const ReleaseHostLock within(true);
  }
  CHECK(releases == 1);
  CHECK(holds);
  CHECK(!host_lock_released());
  CHECK_THROWS_AS(([] {
                    const ReleaseHostLock released(true);
                    throw std::runtime_error("a kernel's");
                  }()),
                  std::runtime_error);
  CHECK(holds);
}

TEST_CASE("whoever needs it keeps the lock held") {
  const HostThread host;
  const KeepHostLock keep;
  const ReleaseHostLock released(true);
  CHECK(holds);
  CHECK(!host_lock_released());
}

TEST_CASE("a thread without the host's lock lets nothing go") {
  set_host_lock(kHost);
  releases = 0;
  const ReleaseHostLock released(true);
  CHECK(releases == 0);
}

TEST_CASE("a holder of the lock does not wait for a pool at work, and its ranges are the team's") {
  ThreadPool pool(3);
  Exec exec;
  exec.parallel = pool.parallel();
  std::atomic<bool> working{false}, finish{false};
  std::thread other([&] {  // keeps the pool until it is told
    parallel_for(exec, 3, 1, [&](int64_t, int64_t) {
      working = true;
      while (!finish) std::this_thread::yield();
    });
  });
  while (!working) std::this_thread::yield();
  Ranges alone;
  {
    const HostThread host;
    parallel_for(exec, 100, 1, [&](int64_t begin, int64_t end) {
      alone.emplace_back(begin, end);
      parallel_for(exec, 4, 1, [](int64_t b, int64_t e) { CHECK(e - b == 4); });  // nested: serial
    });
    CHECK_THROWS_WITH_AS(parallel_for(exec, 100, 1, [](int64_t begin, int64_t) { throw std::runtime_error(std::to_string(begin)); }), "0",
                         std::runtime_error);
  }
  finish = true;
  other.join();
  std::mutex mutex;
  Ranges together(3);
  parallel_for(exec, 100, 1, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    together[static_cast<size_t>(begin * 3 / 99)] = {begin, end};
  });
  CHECK(alone == together);
}
