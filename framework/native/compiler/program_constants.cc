// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/program_constants.h"

#include <algorithm>

#include "base/allocator.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

Tensor value_of(const Program::Operand& operand, const std::vector<Program::Buffer>& buffers) {
  const Program::Buffer& buffer = buffers[static_cast<size_t>(operand.buffer)];
  return operand.tensor.on(buffer.storage, buffer.offset);
}

}  // namespace

class ProgramConstants::Sources {
 public:
  Sources(std::vector<Program::Buffer>& buffers, const std::vector<bool>& read) : buffers_(buffers), read_(read), uses_(buffers.size()) {}

  void add_use(int buffer) { ++uses_[static_cast<size_t>(buffer)]; }
  void used(int buffer) {
    if (--uses_[static_cast<size_t>(buffer)] == 0) release(static_cast<size_t>(buffer));
  }
  void release_unused() {
    for (size_t i = 0; i < buffers_.size(); ++i)
      if (uses_[i] == 0) release(i);
  }

 private:
  // So many bytes are given back at a time: each time costs a walk through what is free.
  static constexpr int64_t kGivenBack = int64_t{8} << 20;

  void release(size_t i) {
    Program::Buffer& buffer = buffers_[i];
    if (read_[i] || !buffer.storage) return;
    // What others hold too stays.
    if (buffer.storage->unique()) released_ += buffer.bytes;
    buffer.storage = nullptr;
    if (released_ < kGivenBack) return;
    Allocator::instance().trim();
    released_ = 0;
  }

  std::vector<Program::Buffer>& buffers_;
  const std::vector<bool>& read_;
  std::vector<int> uses_;
  int64_t released_ = 0;
};

ProgramConstants::Sources ProgramConstants::sources(std::vector<Program::Buffer>& buffers, const std::vector<bool>& read) const {
  Sources sources(buffers, read);
  for (const Conversion& conversion : conversions_) sources.add_use(conversion.from.buffer);
  for (const Packing& packing : packings_) sources.add_use(packing.inputs[packing.input].buffer);
  return sources;
}

Ref<Storage> ProgramConstants::place_packings(std::vector<Program::Buffer>& buffers) const {
  int64_t total = 0;
  for (const Packing& packing : packings_) {
    Program::Buffer& buffer = buffers[static_cast<size_t>(packing.to)];
    buffer.offset = total;
    total += Workspace::rounded(buffer.bytes);
  }
  return total > 0 ? Storage::allocate(total) : nullptr;
}

std::vector<const ProgramConstants::Packing*> ProgramConstants::largest_first(const std::vector<Program::Buffer>& buffers) const {
  std::vector<const Packing*> order;
  for (const Packing& packing : packings_) order.push_back(&packing);
  std::stable_sort(order.begin(), order.end(), [&](const Packing* a, const Packing* b) {
    return buffers[static_cast<size_t>(a->to)].bytes > buffers[static_cast<size_t>(b->to)].bytes;
  });
  return order;
}

void ProgramConstants::make(std::vector<Program::Buffer>& buffers, const std::vector<bool>& read) const {
  Sources sources = this->sources(buffers, read);
  sources.release_unused();
  // Conversions may be of conversions; packings are read by their steps alone.
  for (const Conversion& conversion : conversions_) {
    buffers[static_cast<size_t>(conversion.to)].storage = to_layout(to_contiguous(value_of(conversion.from, buffers)), conversion.layout).storage();
    sources.used(conversion.from.buffer);
  }
  const Ref<Storage> all = place_packings(buffers);
  for (const Packing* packing : largest_first(buffers)) {
    const Program::Operand& source = packing->inputs[packing->input];
    Program::Buffer& buffer = buffers[static_cast<size_t>(packing->to)];
    std::vector<Tensor> inputs;
    for (const Program::Operand& operand : packing->inputs) inputs.push_back(operand.tensor);
    inputs[packing->input] = value_of(source, buffers);
    packing->op->pack(OpCall{*packing->op, inputs, packing->attrs}, packing->input, all->data() + buffer.offset);
    buffer.storage = all;
    inputs.clear();
    sources.used(source.buffer);
  }
}

}  // namespace keima::compiler
