// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A pool of threads for data-parallel loops: one static partition, so that the same inputs on the same number of
// threads give the same bits.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/freestanding/exec.h"

namespace keima {

// Threads start at the first loop, and again at the first loop in the child of a fork. `run` may be called by several
// threads (they take turns; one that holds the host's lock does the ranges itself instead of waiting) and from inside a
// loop of any pool (it then runs serially). An exception in a body reaches
// the caller of `run` after all other ranges are done; of several, the one of the lowest range.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  int threads() const noexcept { return threads_; }

  // body(context, begin, end) over ranges that cover [0, tasks): range i of n is [tasks*i/n, tasks*(i+1)/n).
  void run(int64_t tasks, void (*body)(void* context, int64_t begin, int64_t end), void* context);

  // For Exec; valid as long as the pool.
  Parallel parallel() noexcept;

 private:
  struct Workers;
  Workers& workers();
  void run_alone(int64_t tasks, void (*body)(void*, int64_t, int64_t), void* context) const;

  const int threads_;
  std::atomic<Workers*> workers_{nullptr};
};

// How many threads a text asks for, as in KEIMA_NUM_THREADS; throws std::invalid_argument that says what is taken.
int parse_num_threads(std::string_view text);

// Cores that this process may run on.
int available_cores();

}  // namespace keima
