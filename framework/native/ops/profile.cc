// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/profile.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <utility>

namespace keima::profile {
namespace detail {
std::atomic<uint64_t> recording{0};
}

namespace {

// The op whose gradient this thread computes; the name lives as long as its recording.
struct Forward {
  uint64_t recording = 0;
  std::string_view name;
};
thread_local Forward forward;

std::string_view current_forward() { return forward.recording == current() ? forward.name : std::string_view(); }

struct Buffer {
  std::mutex mutex;
  ThreadRecord thread;
};

struct Recording {
  Recording(uint64_t number, int64_t most) : number(number), most(most) {}
  const uint64_t number;
  const int64_t most;
  std::atomic<int64_t> count{0};
  std::atomic<int64_t> dropped{0};
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::unordered_set<std::string> names;
  int64_t start = now_ns();
};

// The recording that runs, if any. `mutex` guards the pointer, buffers and names; a thread's events have its buffer's.
struct State {
  std::mutex mutex;
  std::shared_ptr<Recording> recording;
  uint64_t last_number = 0;
};

// Never destroyed: threads may run to the end of the process.
State& state() {
  static auto* const instance = new State;
  // The child of a fork finds the lock open and nothing recording.
  static const int registered = pthread_atfork([] { state().mutex.lock(); }, [] { state().mutex.unlock(); }, [] {
    detail::recording.store(0, std::memory_order_relaxed);
    state().mutex.unlock();
  });
  (void)registered;
  return *instance;
}

// The calling thread's buffer in a recording.
struct Place {
  uint64_t number = 0;
  std::shared_ptr<Recording> recording;
  std::shared_ptr<Buffer> buffer;
};
thread_local Place place;

bool take_place(uint64_t number) {
  if (place.number == number) return true;
  const std::lock_guard lock(state().mutex);
  const std::shared_ptr<Recording>& recording = state().recording;
  if (!recording || recording->number != number) return false;
  auto buffer = std::make_shared<Buffer>();
  buffer->thread.id = gettid();
  recording->buffers.push_back(buffer);
  place = {number, recording, std::move(buffer)};
  return true;
}

}  // namespace

int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void start(int64_t most_events) {
  if (most_events < 1) fail(ErrorKind::kValue, "profiler: expected room for at least 1 event, got ", most_events);
  const std::lock_guard lock(state().mutex);
  if (recording()) fail(ErrorKind::kRuntime, "a profiler records already: stop it first");
  state().recording = std::make_shared<Recording>(++state().last_number, most_events);
  detail::recording.store(state().last_number, std::memory_order_release);
}

Record stop() {
  std::shared_ptr<Recording> ended;
  {
    const std::lock_guard lock(state().mutex);
    if (!recording()) fail(ErrorKind::kRuntime, "no profiler records: start one first");
    detail::recording.store(0, std::memory_order_relaxed);
    ended = std::exchange(state().recording, nullptr);
  }
  Record record{.threads = {}, .names = {}, .dropped = ended->dropped.load(), .start = ended->start, .end = now_ns()};
  for (const auto& buffer : ended->buffers) {
    const std::lock_guard lock(buffer->mutex);
    record.threads.push_back(std::move(buffer->thread));
  }
  // Moving a set moves its nodes: names stay where events point.
  record.names = std::move(ended->names);
  return record;
}

void note(Event event, uint64_t number) noexcept {
  try {
    if (number != current() || !take_place(number)) return;
    if (place.recording->count.fetch_add(1, std::memory_order_relaxed) >= place.recording->most) {
      place.recording->dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const std::lock_guard lock(place.buffer->mutex);
    place.buffer->thread.events.push_back(std::move(event));
  } catch (...) {  // no memory for the event, which is not what the program is about
    if (place.recording) place.recording->dropped.fetch_add(1, std::memory_order_relaxed);
  }
}

std::string_view keep(std::string_view name, uint64_t number) {
  const std::lock_guard lock(state().mutex);
  const std::shared_ptr<Recording>& recording = state().recording;
  if (!recording || recording->number != number) return {};
  return *recording->names.emplace(name).first;
}

Event op_event(const Op& op, const Attrs& attrs, std::span<const Sized> inputs, std::span<const Sized> outputs) {
  Event event{.category = Category::kOp, .name = op.name, .forward = current_forward()};
  if (!op.view) event.cost = cost_of(op, attrs, inputs, outputs);  // a view moves nothing
  for (const Sized& input : inputs)
    if (input.shape && event.operands + 1U < Event::kShapes) event.shapes[event.operands++] = *input.shape;
  if (!outputs.empty() && outputs[0].shape) event.shapes[event.operands] = *outputs[0].shape;
  return event;
}

Event conversion_event(const Tensor& tensor) {
  Event event{.category = Category::kConversion, .name = "convert", .forward = current_forward()};
  event.cost.bytes_in = event.cost.bytes_out = tensor.numel() * tensor.dtype().itemsize();
  event.shapes[event.operands++] = tensor.shape();
  event.shapes[event.operands] = tensor.shape();
  return event;
}

void Span::finish() noexcept {
  event_->end = now_ns();
  note(std::move(*event_), recording_);
}

void GradientSpan::begin(std::string_view op) {
  outer_recording_ = forward.recording;
  outer_ = forward.name;
  const uint64_t number = current();
  forward = {number, keep(op, number)};
  span_.emplace([&] { return Event{.category = Category::kGradient, .name = forward.name}; });
}

void GradientSpan::end() noexcept {
  span_.reset();
  forward = {outer_recording_, outer_};
}

}  // namespace keima::profile
