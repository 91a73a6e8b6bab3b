// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Threads that run one program, or record programs of their own, at once.
#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "compiler/passes.h"
#include "compiler/program.h"
#include "compiler/recorder.h"
#include "eager/dispatch.h"
#include "graphs.h"
#include "ops/observer.h"

using namespace keima;
using namespace keima::compiler;

namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.numel() * a.dtype().itemsize())) == 0;
}

template <class Body>
void in_threads(size_t count, const Body& body) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("one program runs on several threads at once") {
  Graph graph = block();
  optimize(graph);
  const Program program(graph);
  constexpr size_t kThreads = 4;
  std::vector<Tensor> inputs, alone, together(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) {
    inputs.push_back(random_tensor({2, 17, 8, 8}, 100 + i));
    alone.push_back(program.run({&inputs[i], 1})[0]);
  }
  in_threads(kThreads, [&](size_t i) {
    for (int round = 0; round < 10; ++round) together[i] = program.run({&inputs[i], 1})[0];
  });
  for (size_t i = 0; i < kThreads; ++i) CHECK(same_bits(alone[i], together[i]));
}

TEST_CASE("a recorder sees the ops of its own thread alone") {
  constexpr size_t kThreads = 4;
  std::vector<size_t> seen(kThreads);
  const Tensor x = random_tensor({2, 3}, 1);
  in_threads(kThreads, [&](size_t i) {
    const auto apply_some = [&] {
      for (size_t op = 0; op < 10 * (i + 1); ++op) apply1(op_of<"exp">(), {{x.alias(), nullptr, 0}});
    };
    apply_some();
    if (i % 2 == 0) {  // every other thread records
      Recorder recorder(true, nullptr);
      set_observer(&recorder);
      apply_some();
      set_observer(nullptr);
      seen[i] = recorder.finish({}).nodes.size();
    }
    apply_some();
  });
  CHECK(seen == std::vector<size_t>{10, 0, 30, 0});
}
