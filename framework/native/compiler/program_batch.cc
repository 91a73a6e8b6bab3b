// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A program for another number of samples. Samples are outermost in every layout, so that tensors only get longer: steps,
// strides and packed constants stay.
#include "base/execution.h"
#include "compiler/program.h"
#include "ops/execute.h"

namespace keima::compiler {
namespace {

// As much as processors address; sums of them over a graph fit into 64 bits.
constexpr int64_t kMostBytes = int64_t{1} << 47;

int64_t scaled(int64_t amount, int64_t from, int64_t to) {
  if (amount / from > kMostBytes / to) fail(ErrorKind::kMemory, "graph: ", to, " samples take more bytes than can be addressed");
  return amount / from * to;
}

LayoutChoice layouts_of(const Program::Step& step) {
  LayoutChoice choice;
  if (!step.op || !step.op->layouts) return choice;
  std::vector<Tensor> operands;
  for (const Program::Operand& operand : step.inputs) operands.push_back(operand.tensor);
  step.op->layouts(OpCall{*step.op, operands, step.attrs}, choice);
  return choice;
}

// Layouts that were picked because there was one element (one sample, channel and pixel) are not those for more.
void check_layouts(const Program::Step& step, const LayoutChoice& choice, int64_t samples) {
  for (size_t i = 0; i < choice.outputs.size() && i < step.outputs.size(); ++i)
    if (step.outputs[i].buffer >= 0 && !(step.outputs[i].tensor.layout() == choice.outputs[i]))
      fail(ErrorKind::kUnsupported, "graph: for ", samples, " samples ", step.op->name, " lays out its result of shape ", step.outputs[i].tensor.shape(),
           " in another way than for one; trace it with two");
}

// How the kernel (or the conversion) reads operand `i`.
LayoutChoice::Input wanted_of(const Program::Step& step, const LayoutChoice& choice, size_t i) {
  if (!step.op) return {step.inputs[i].tensor.layout(), step.outputs[0].tensor.is_plain()};
  return choice.inputs.empty() ? LayoutChoice::Input{} : choice.inputs[i];
}

bool is_as_wanted(const Tensor& tensor, const LayoutChoice::Input& wanted) {
  return tensor.layout() == wanted.layout && (!tensor.is_plain() || wanted.any_strides || tensor.is_contiguous());
}

}  // namespace

int64_t Program::samples_of(std::span<const Tensor> inputs) const {
  int64_t samples = 0;
  for (size_t i = 0; i < inputs.size() && i < inputs_.size(); ++i) {
    const Dims& shape = input_descs_[i].shape;
    if (!buffers_[static_cast<size_t>(inputs_[i].buffer)].batched || !inputs[i] || inputs[i].ndim() != shape.size()) continue;
    const int64_t given = inputs[i].shape()[0];
    if (samples != 0 && given != samples) return samples_;
    samples = given;
  }
  return samples > 0 ? samples : samples_;
}

void Program::rescale(Operand& operand, int64_t samples) const {
  if (operand.buffer < 0) return;
  const Buffer& buffer = buffers_[static_cast<size_t>(operand.buffer)];
  if (!buffer.batched) return;
  const Tensor& t = operand.tensor;
  Dims shape = t.shape(), strides = t.strides();
  const int64_t rows = shape[0] / samples_;  // a sample
  const int64_t stride = buffer.bytes / samples_ / t.dtype().itemsize() / std::max<int64_t>(rows, 1);
  // A dimension of one element may have any stride until it gets more.
  if (t.is_plain() && shape[0] > 1 && strides[0] != stride)
    fail(ErrorKind::kUnsupported, "graph: a view of shape ", shape, " cannot be had for another number of samples without a copy");
  shape[0] = rows * samples;
  strides[0] = stride;
  operand.tensor = t.is_plain() ? t.view(shape, strides) : Tensor::abstract(shape, t.dtype(), t.layout());
}

// An operand that holds no samples but is joined to some: every sample reads the one that there is.
void Program::repeat(Operand& operand, int64_t samples) const {
  const Tensor& t = operand.tensor;
  if (buffers_[static_cast<size_t>(operand.buffer)].batched || t.shape()[0] != samples_) return;
  Dims shape = t.shape(), strides = t.strides();
  if (samples_ != 1 && strides[0] != 0) return;
  shape[0] = samples;
  strides[0] = 0;
  operand.tensor = t.view(shape, strides);
}

// The operand in another layout, contiguous, by steps that come now.
Program::Operand Program::converted(const Operand& from, Layout layout, std::vector<Step>& steps) {
  const Tensor& t = from.tensor;
  // Blocks are made of contiguous tensors.
  if (layout.kind == LayoutKind::kChannelBlocked && !t.is_contiguous()) return converted(converted(from, {}, steps), layout, steps);
  const Operand to{static_cast<int>(buffers_.size()), Tensor::abstract(t.shape(), t.dtype(), layout)};
  buffers_.push_back({.bytes = layout_bytes(t.shape(), t.dtype(), layout), .first = static_cast<int>(steps.size()), .batched = true});
  steps.push_back({nullptr, {}, {from}, {to}});
  return to;
}

// What holds of one sample need not hold of more: a part of it is contiguous, a single element needs no layout. Kernels that
// would read it as if get copies.
void Program::conform(int64_t samples) {
  std::vector<Step> steps;
  std::vector<int> moved;  // where each step is now
  const size_t before = buffers_.size();
  for (Step& step : steps_) {
    const LayoutChoice choice = layouts_of(step);
    check_layouts(step, choice, samples);
    const size_t first_copy = buffers_.size();
    for (size_t i = 0; i < step.inputs.size(); ++i) {
      const LayoutChoice::Input wanted = wanted_of(step, choice, i);
      if (step.inputs[i].buffer >= 0 && !is_as_wanted(step.inputs[i].tensor, wanted)) step.inputs[i] = converted(step.inputs[i], wanted.layout, steps);
    }
    moved.push_back(static_cast<int>(steps.size()));
    for (size_t copy = first_copy; copy < buffers_.size(); ++copy) buffers_[copy].last = moved.back();
    steps.push_back(std::move(step));
  }
  moved.push_back(static_cast<int>(steps.size()));  // buffers may begin behind the last step
  for (size_t i = 0; i < before; ++i) {
    buffers_[i].first = moved[static_cast<size_t>(buffers_[i].first)];
    buffers_[i].last = moved[static_cast<size_t>(buffers_[i].last)];
  }
  steps_ = std::move(steps);
}

// Operands are rescaled already.
void Program::rescale(Step& step, int number, int64_t samples) {
  if (!step.op) return;
  if (step.op->name == "concat" && buffers_[static_cast<size_t>(step.outputs[0].buffer)].batched)
    for (Operand& operand : step.inputs) repeat(operand, samples);
  std::vector<Tensor> operands;
  for (const Operand& operand : step.inputs) operands.push_back(operand.tensor);
  const OpCall call{*step.op, operands, step.attrs};
  DescList descs;
  step.op->infer(call, descs);
  for (size_t i = 0; i < step.outputs.size(); ++i)
    if (step.outputs[i].buffer >= 0 && !(step.outputs[i].tensor.shape() == descs[i].shape))
      fail(ErrorKind::kUnsupported, "graph: for ", samples, " samples ", step.op->name, " gives shape ", descs[i].shape, " where ", step.outputs[i].tensor.shape(),
           " is wanted");
  const int64_t bytes = scratch_bytes(call, descs[0].shape, default_exec());
  if (step.scratch < 0 && bytes > 0) {
    step.scratch = static_cast<int>(buffers_.size());
    buffers_.push_back({.first = number, .last = number});
  }
  if (step.scratch >= 0) buffers_[static_cast<size_t>(step.scratch)].bytes = bytes;
}

Program Program::with_samples(int64_t samples, int64_t memory_limit) const {
  if (samples == samples_) return *this;
  if (samples < 1) fail(ErrorKind::kValue, "graph: expected at least one sample, got ", samples);
  if (!batch_obstacle_.empty()) fail(ErrorKind::kUnsupported, "graph: it runs with ", samples_, " samples only: ", batch_obstacle_);
  Program made = *this;
  const auto rescale_all = [&](std::vector<Operand>& operands) {
    for (Operand& operand : operands) rescale(operand, samples);
  };
  rescale_all(made.inputs_);
  rescale_all(made.outputs_);
  for (Step& step : made.steps_) {
    rescale_all(step.inputs);
    rescale_all(step.outputs);
  }
  for (size_t i = 0; i < inputs_.size(); ++i) made.input_descs_[i].shape = made.inputs_[i].tensor.shape();
  for (Buffer& buffer : made.buffers_)
    if (buffer.batched) buffer.bytes = scaled(buffer.bytes, samples_, samples);
  made.conform(samples);
  for (size_t i = 0; i < made.steps_.size(); ++i) made.rescale(made.steps_[i], static_cast<int>(i), samples);
  made.samples_ = samples;
  made.cost_ = {cost_.flops / static_cast<double>(samples_) * static_cast<double>(samples), scaled(cost_.bytes_in, samples_, samples), scaled(cost_.bytes_out, samples_, samples)};
  made.place();
  made.check_limit(made.read_buffers(), memory_limit);
  return made;
}

}  // namespace keima::compiler
