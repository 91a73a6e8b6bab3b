// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/program.h"

#include <algorithm>

#include "base/execution.h"
#include "base/host_lock.h"
#include "compiler/interpret.h"
#include "kernels/copy/copy.h"
#include "ops/layout.h"
#include "ops/profile.h"

namespace keima::compiler {
namespace {

// Writes `from` into the memory of `to`, which differs in layout or strides.
void convert(const Tensor& from, const Tensor& to) {
  if (from.numel() == 0) return;
  if (from.is_plain() && to.is_plain()) return strided_copy(default_exec(), from, to);
  int64_t pixels = 1;
  for (int i = 2; i < from.ndim(); ++i) pixels *= from.shape()[i];
  const int64_t block = std::max(from.layout().block, to.layout().block);
  const ChannelBlockArgs args{from.dtype().scalar(), from.shape()[0], from.shape()[1], pixels, block, from.raw(), to.raw()};
  if (to.is_plain()) unpack_channel_blocks(default_exec(), args);
  else pack_channel_blocks(default_exec(), args);
}

// Calls kernels, each noted while a profiler records.
class StepRunner {
 public:
  void run(const Program::Step& step, std::span<const Tensor> operands, std::span<const Tensor> results, Workspace workspace) {
    const profile::Span span([&] { return event(step, operands, results); });
    ++number_;
    if (step.op) step.op->kernel(KernelCall{{*step.op, operands, step.attrs}, default_exec(), results, workspace});
    else convert(operands[0], results[0]);
  }

 private:
  profile::Event event(const Program::Step& step, std::span<const Tensor> operands, std::span<const Tensor> results) const {
    profile::Event event = step.op ? profile::op_event(*step.op, step.attrs, sizes_of(operands), sizes_of(results)) : profile::conversion_event(operands[0]);
    event.step = number_;
    return event;
  }
  int32_t number_ = 0;
};

}  // namespace

Tensor Program::operand(const Operand& operand, const std::vector<Ref<Storage>>& memory) const {
  if (operand.buffer < 0) return {};
  const auto at = static_cast<size_t>(operand.buffer);
  return operand.tensor.on(memory[at], buffers_[at].offset);
}

Workspace Program::workspace_of(const Step& step, const std::vector<Ref<Storage>>& memory) const {
  if (step.scratch < 0) return Workspace(nullptr, 0, 0);
  const auto at = static_cast<size_t>(step.scratch);
  return Workspace(memory[at], buffers_[at].offset, buffers_[at].bytes);
}

std::vector<Tensor> Program::run(std::span<const Tensor> inputs) const {
  check_inputs(input_descs_, inputs);
  const profile::Span span([] { return profile::Event{.category = profile::Category::kGraph, .name = "graph"}; });
  const ReleaseHostLock released(is_long_running(cost_));
  const Ref<Storage> arena = Storage::allocate(arena_);
  std::vector<Tensor> kept;  // inputs as the steps read them
  for (const Tensor& input : inputs) {
    const Tensor plain = to_contiguous(to_plain(input));
    // Steps count offsets from the start of the storage.
    kept.push_back(plain.offset() == 0 ? plain : Tensor::empty(plain.shape(), plain.dtype()));
    if (plain.offset() != 0) strided_copy(default_exec(), plain, kept.back());
  }
  std::vector<Ref<Storage>> memory;
  for (const Buffer& buffer : buffers_) {
    switch (buffer.kind) {
      case Kind::kArena: memory.push_back(arena); break;
      case Kind::kConstant: memory.push_back(buffer.storage); break;
      case Kind::kInput: memory.push_back(kept[buffer.input].storage()); break;
      case Kind::kOutput: memory.push_back(Storage::allocate(buffer.bytes)); break;
    }
  }
  StepRunner runner;
  for (const Step& step : steps_) {
    TensorList operands, results;
    for (const Operand& o : step.inputs) operands.push_back(operand(o, memory));
    for (const Operand& o : step.outputs) results.push_back(operand(o, memory));
    runner.run(step, operands, results, workspace_of(step, memory));
  }
  std::vector<Tensor> results;
  for (const Operand& o : outputs_) results.push_back(operand(o, memory));
  return results;
}

}  // namespace keima::compiler
