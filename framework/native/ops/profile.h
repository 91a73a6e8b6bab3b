// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What ran when: ops and the spans around them, noted by the thread that runs them while a profiler records. While none
// does, each place that would note something costs one relaxed load and a branch.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ops/cost.h"

namespace keima::profile {

enum class Category : uint8_t {
  kOp,          // a kernel with what surrounds it
  kConversion,  // of layout or strides, for an op that wants another
  kGradient,    // one node of the tape in a backward pass
  kPass,        // a backward pass
  kGraph,       // a run of a compiled graph
  kScope,       // named by the program
};

struct Event {
  static constexpr size_t kShapes = 3;

  Category category;
  std::string_view name;         // of an op, or kept by the record
  std::string_view forward = {};  // the op whose gradient this helps to compute
  int32_t step = -1;             // of a compiled graph
  Cost cost = {};
  std::array<Dims, kShapes> shapes = {};  // of the first operands, then of the first result
  uint8_t operands = 0;                   // how many of them are operands'
  int64_t start = 0, end = 0;             // ns of the steady clock
};

struct ThreadRecord {
  int64_t id = 0;  // the system's
  std::vector<Event> events;  // by their end
};

struct Record {
  std::vector<ThreadRecord> threads;
  std::unordered_set<std::string> names;  // what events point into
  int64_t dropped = 0;                    // events beyond the limit: the first ones are kept
  int64_t start = 0, end = 0;             // ns
};

// Throws Error when a profiler records already, or the limit is not positive.
void start(int64_t most_events);
// Events that still run are not in it. Throws Error when none records.
Record stop();

namespace detail {
extern std::atomic<uint64_t> recording;  // which recording this is; 0: none
}
inline uint64_t current() noexcept { return detail::recording.load(std::memory_order_relaxed); }
inline bool recording() noexcept { return current() != 0; }

int64_t now_ns() noexcept;
// An event that is over; dropped when another recording, or none, runs by now.
void note(Event event, uint64_t recording) noexcept;
// The name, kept as long as this recording; empty when it is over.
std::string_view keep(std::string_view name, uint64_t recording);

// An op on tensors of these shapes, as an event yet to be timed.
Event op_event(const Op& op, const Attrs& attrs, std::span<const Sized> inputs, std::span<const Sized> outputs);
Event conversion_event(const Tensor& tensor);

// Notes the time from here to its end.
class Span {
 public:
  // Takes its event from `make()` when a profiler records.
  template <class Make>
  explicit Span(const Make& make) : recording_(current()) {
    if (recording_ == 0) [[likely]] return;
    event_.emplace(make());
    event_->start = now_ns();
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span() {
    if (event_) [[unlikely]] finish();
  }

 private:
  void finish() noexcept;
  const uint64_t recording_;
  std::optional<Event> event_;
};

// A node of the tape: what runs inside is named with its op.
class GradientSpan {
 public:
  explicit GradientSpan(std::string_view op) {
    if (recording()) [[unlikely]] begin(op);
  }
  GradientSpan(const GradientSpan&) = delete;
  GradientSpan& operator=(const GradientSpan&) = delete;
  ~GradientSpan() {
    if (span_) [[unlikely]] end();
  }

 private:
  void begin(std::string_view op);
  void end() noexcept;
  uint64_t outer_recording_ = 0;
  std::string_view outer_;
  std::optional<Span> span_;
};

}  // namespace keima::profile
