// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What kernel tests share: every instruction set that this build and machine have, on one thread and on three; numbers
// that repeat; buffers whose end ASan watches.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "base/execution.h"
#include "base/freestanding/isa.h"
#include "base/thread_pool.h"
#include "simd/variants.h"

namespace keima::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Calls `body(exec)` for each instruction set that runs here, serially and on a pool of three threads.
template <class Body>
void for_each_exec(const Body& body) {
  static ThreadPool pool(3);
  const Isa machine = detect_isa();
  for (const Isa isa : kBuiltIsas) {
    if (!runs(machine, isa)) {
      MESSAGE("this machine does not run " << std::string(name_of(isa)));
      continue;
    }
    for (const bool threaded : {false, true}) {
      const Exec exec{isa, threaded ? pool.parallel() : Parallel{}};
      CAPTURE(std::string(name_of(isa)));
      CAPTURE(exec.parallel.threads);
      body(exec);
    }
  }
}

inline std::vector<float> random_floats(size_t count, uint32_t seed, float low = -1, float high = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

// Memory of exactly the size that a kernel asked for, 64-byte aligned, filled with NaN.
class Scratch {
 public:
  explicit Scratch(size_t bytes) : data_(static_cast<float*>(::operator new(bytes, kAlignment))) {
    std::fill_n(data_.get(), bytes / sizeof(float), kNan);
  }
  void* data() { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
};

}  // namespace keima::test
