// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// How a kernel is to run: on which instruction set and on which threads. The first argument of every kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace keima {

// kAvx2 means AVX2 with FMA and F16C; kAvx512 means AVX-512 F, BW, DQ and VL.
enum class Isa : uint8_t { kScalar, kAvx2, kAvx512, kNeon };

// Runs `body(context, begin, end)` over ranges that cover [0, tasks) once. A null `run` means: serially, here.
struct Parallel {
  void (*run)(void* self, int64_t tasks, void (*body)(void* context, int64_t begin, int64_t end), void* context) =
      nullptr;
  void* self = nullptr;
  int threads = 1;  // how many ranges may run at once
};

struct Exec {
  Isa isa = Isa::kScalar;
  Parallel parallel{};
};

// Calls `lambda(begin, end)` over ranges that cover [0, tasks) once, possibly on several threads; ranges start at
// multiples of `grain` and are not smaller, but for the last. The partition depends on tasks, grain and the number of
// threads only.
template <class Lambda>
void parallel_for(const Exec& exec, int64_t tasks, int64_t grain, const Lambda& lambda) {
  if (tasks <= 0) return;
  const int64_t unit = grain < 1 ? 1 : grain;
  const int64_t units = (tasks + unit - 1) / unit;
  if (exec.parallel.run == nullptr || exec.parallel.threads <= 1 || units == 1) {
    lambda(static_cast<int64_t>(0), tasks);
    return;
  }
  struct Context {
    const Lambda* lambda;
    int64_t tasks;
    int64_t unit;
  };
  Context context{&lambda, tasks, unit};
  exec.parallel.run(
      exec.parallel.self, units,
      [](void* opaque, int64_t begin, int64_t end) {
        const Context& c = *static_cast<const Context*>(opaque);
        const int64_t last = end * c.unit;
        (*c.lambda)(begin * c.unit, last < c.tasks ? last : c.tasks);
      },
      &context);
}

// For loops that need memory of their own: tasks are cut into at most `exec.parallel.threads` slices and lambda(slice,
// begin, end) is called for each, so that a kernel's scratch is slice_count() times what one slice needs.
constexpr int64_t slice_count(const Exec& exec, int64_t tasks) {
  const int64_t threads = exec.parallel.run == nullptr || exec.parallel.threads < 1 ? 1 : exec.parallel.threads;
  return tasks < threads ? (tasks < 1 ? 1 : tasks) : threads;
}

template <class Lambda>
void parallel_slices(const Exec& exec, int64_t tasks, const Lambda& lambda) {
  if (tasks <= 0) return;
  const int64_t slices = slice_count(exec, tasks);
  parallel_for(exec, slices, 1, [&](int64_t first, int64_t last) {
    for (int64_t slice = first; slice < last; ++slice)
      lambda(slice, tasks * slice / slices, tasks * (slice + 1) / slices);
  });
}

// The same on the calling thread alone: for the inside of a loop that already has all threads.
constexpr Exec serial(const Exec& exec) { return Exec{exec.isa, Parallel{}}; }

}  // namespace keima
