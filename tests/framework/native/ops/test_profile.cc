// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "ops/execute.h"
#include "ops/layout.h"
#include "ops/profile.h"
#include "ops/registry.h"

using namespace keima;
using profile::Category;
using profile::Event;
using profile::Record;

namespace {

Tensor ones(const Dims& shape) { return filled(shape, 1.0, ScalarType::kFloat32); }

Tensor add(const Tensor& a, const Tensor& b) {
  const std::vector<Tensor> operands{a, b};
  return execute(op_of<"add">(), operands, {})[0];
}

std::vector<Event> events_of(const Record& record) {
  std::vector<Event> all;
  for (const auto& thread : record.threads) all.insert(all.end(), thread.events.begin(), thread.events.end());
  return all;
}

// Its stop in case a check fails in between.
struct Profiling {
  explicit Profiling(int64_t most = 1000) { profile::start(most); }
  ~Profiling() {
    if (profile::recording()) profile::stop();
  }
};

}  // namespace

TEST_CASE("an op is noted with its shapes, its cost and its time, and only while a profiler records") {
  const Tensor a = ones({3, 4}), b = ones({4});
  add(a, b);
  Record record;
  {
    const Profiling profiling;
    add(a, b);
    record = profile::stop();
  }
  add(a, b);
  const std::vector<Event> events = events_of(record);
  REQUIRE(events.size() == 1);
  const Event& event = events[0];
  CHECK(event.name == "add");
  CHECK(event.category == Category::kOp);
  CHECK(event.operands == 2);
  CHECK(event.shapes[0] == Dims{3, 4});
  CHECK(event.shapes[1] == Dims{4});
  CHECK(event.shapes[2] == Dims{3, 4});
  CHECK(event.cost.flops == 12);
  CHECK(record.start <= event.start);
  CHECK(event.start < event.end);
  CHECK(event.end <= record.end);
}

TEST_CASE("a conversion that an op needs lies within the op") {
  const Tensor a = ones({2, 20, 3, 3}), b = to_layout(ones({2, 20, 3, 3}), Layout::blocked(16));
  const Profiling profiling;
  const std::vector<Tensor> operands{a};
  execute(op_of<"max_pool2d">(), operands, Attrs{Dims{2, 2}, Dims{2, 2}, Dims{0, 0}});
  const std::vector<Event> events = events_of(profile::stop());
  REQUIRE(events.size() == 2);  // by their end
  CHECK(events[0].category == Category::kConversion);
  CHECK(events[0].cost.bytes_in == 4 * a.numel());
  CHECK(events[1].name == "max_pool2d");
  CHECK(events[1].start <= events[0].start);
  CHECK(events[0].end <= events[1].end);
}

TEST_CASE("the first events are kept, the others counted") {
  const Tensor a = ones({2});
  const Profiling profiling(3);
  for (int i = 0; i < 10; ++i) add(a, a);
  const Record record = profile::stop();
  CHECK(events_of(record).size() == 3);
  CHECK(record.dropped == 7);
}

TEST_CASE("one recording at a time; what began before another is not in it") {
  CHECK_THROWS_WITH_AS(profile::stop(), doctest::Contains("no profiler records"), Error);
  CHECK_THROWS_WITH_AS(profile::start(0), doctest::Contains("at least 1"), Error);
  const Profiling profiling;
  CHECK_THROWS_WITH_AS(profile::start(10), doctest::Contains("already"), Error);
  {
    const profile::GradientSpan outer("pow");
    const profile::Span span([] { return Event{.category = Category::kPass, .name = "old"}; });
    profile::stop();
    profile::start(10);
    add(ones({1}), ones({1}));
  }
  const Record record = profile::stop();
  const std::vector<Event> events = events_of(record);
  REQUIRE(std::count_if(events.begin(), events.end(), [](const Event& e) { return e.name == "add"; }) == 1);
  CHECK(std::none_of(events.begin(), events.end(), [](const Event& e) { return e.name == "old" || e.name == "pow" || !e.forward.empty(); }));
}

TEST_CASE("threads keep events of their own, and may be cut short at any moment") {
  constexpr int kThreads = 4, kOps = 300;
  const Tensor a = ones({64});
  const auto work = [&] {
    for (int i = 0; i < kOps; ++i) {
      const profile::GradientSpan span("square");
      add(a, a);
    }
  };
  {
    const Profiling profiling(1 << 20);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    const Record record = profile::stop();
    REQUIRE(record.threads.size() == kThreads);
    for (const auto& thread : record.threads) {
      REQUIRE(thread.events.size() == 2 * kOps);
      for (size_t i = 0; i < thread.events.size(); i += 2) {
        CHECK(thread.events[i].name == "add");
        CHECK(thread.events[i].forward == "square");
        CHECK(thread.events[i + 1].category == Category::kGradient);
        if (i) CHECK(thread.events[i - 1].end <= thread.events[i].start);
      }
    }
    CHECK(record.dropped == 0);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  int64_t seen = 0;
  for (int i = 0; i < 50; ++i) {
    profile::start(1 << 20);
    const Record record = profile::stop();
    for (const Event& event : events_of(record)) seen += event.forward == "square" || event.name == "square" || event.name == "add" ? 0 : 1;
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(seen == 0);
}
