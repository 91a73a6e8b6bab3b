// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/program_constants.h"

#include "ops/layout.h"

namespace keima::compiler {
namespace {

Tensor value_of(const Program::Operand& operand, const std::vector<Program::Buffer>& buffers) {
  const Program::Buffer& buffer = buffers[static_cast<size_t>(operand.buffer)];
  return operand.tensor.on(buffer.storage, buffer.offset);
}

}  // namespace

void ProgramConstants::make(std::vector<Program::Buffer>& buffers) const {
  // Conversions may be of conversions; packings are read by their steps alone.
  for (const Conversion& conversion : conversions_)
    buffers[static_cast<size_t>(conversion.to)].storage = to_layout(to_contiguous(value_of(conversion.from, buffers)), conversion.layout).storage();
  int64_t total = 0;
  for (const Packing& packing : packings_) total += Workspace::rounded(buffers[static_cast<size_t>(packing.to)].bytes);
  if (total == 0) return;
  const Ref<Storage> all = Storage::allocate(total);
  int64_t at = 0;
  for (const Packing& packing : packings_) {
    Program::Buffer& buffer = buffers[static_cast<size_t>(packing.to)];
    std::vector<Tensor> inputs;
    for (const Program::Operand& operand : packing.inputs) inputs.push_back(operand.tensor);
    inputs[packing.input] = value_of(packing.inputs[packing.input], buffers);
    packing.op->pack(OpCall{*packing.op, inputs, packing.attrs}, packing.input, all->data() + at);
    buffer.storage = all;
    buffer.offset = at;
    at += Workspace::rounded(buffer.bytes);
  }
}

}  // namespace keima::compiler
