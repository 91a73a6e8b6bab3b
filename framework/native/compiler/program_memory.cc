// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A program's buffers placed in its arena, and what it takes held against a limit.
#include <algorithm>

#include "compiler/program.h"

namespace keima::compiler {
namespace {

// Sums of hostile sizes may not fit.
int64_t sum(int64_t a, int64_t b) { return b > INT64_MAX - a ? INT64_MAX : a + b; }

}  // namespace

std::vector<bool> Program::read_buffers() const {
  std::vector<bool> read(buffers_.size());
  const auto note = [&](const Operand& operand) {
    if (operand.buffer >= 0) read[static_cast<size_t>(operand.buffer)] = true;
  };
  for (const Step& step : steps_) std::for_each(step.inputs.begin(), step.inputs.end(), note);
  std::for_each(outputs_.begin(), outputs_.end(), note);
  return read;
}

void Program::check_limit(const std::vector<bool>& read, int64_t memory_limit) {
  int64_t outputs = 0;
  constants_ = 0;
  for (size_t i = 0; i < read.size(); ++i) {
    const Buffer& buffer = buffers_[i];
    if (buffer.kind == Kind::kOutput) outputs = sum(outputs, buffer.bytes);
    if (buffer.kind == Kind::kConstant && read[i]) constants_ = sum(constants_, buffer.bytes);
  }
  if (sum(arena_, sum(outputs, constants_)) > memory_limit)
    fail(ErrorKind::kMemory, "graph: its arena takes ", arena_, " bytes (kernels' scratch included), its outputs ", outputs,
         ", its constants as the kernels read them ", constants_, "; the limit is ", memory_limit);
}

void Program::place() {
  std::vector<Lifetime> lives;
  std::vector<size_t> which;
  for (size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& buffer = buffers_[i];
    if (buffer.kind != Kind::kArena) continue;
    lives.push_back({buffer.bytes, buffer.first, buffer.last});
    which.push_back(i);
  }
  const MemoryPlan plan = plan_memory(lives);
  for (size_t i = 0; i < which.size(); ++i) buffers_[which[i]].offset = plan.offsets[i];
  arena_ = plan.arena;
  bound_ = plan.bound;
}

}  // namespace keima::compiler
