// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/program.h"

#include <algorithm>
#include <optional>

#include "base/execution.h"
#include "base/host_lock.h"
#include "compiler/cost.h"
#include "compiler/interpret.h"
#include "compiler/program_constants.h"
#include "kernels/copy/copy.h"
#include "ops/execute.h"
#include "ops/layout.h"
#include "ops/profile.h"

namespace keima::compiler {
namespace {

constexpr int kForever = INT32_MAX;

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

class ProgramBuilder {
 public:
  ProgramBuilder(const Graph& graph, Program& program) : graph_(graph), program_(program), places_(graph.values.size()) {}

  void build(int64_t memory_limit) {
    find_last_uses();
    for (size_t i = 0; i < graph_.inputs.size(); ++i) add_input(i);
    for (const auto& [id, tensor] : graph_.constants) places_[id] = constant(tensor);
    for (node_ = 0; node_ < static_cast<int>(graph_.nodes.size()); ++node_) add_node(graph_.nodes[static_cast<size_t>(node_)]);
    for (const ValueId id : graph_.outputs) add_output(id);
    place();
    const std::vector<bool> read = read_buffers();
    check_limit(read, memory_limit);
    constants_.make(program_.buffers_);
    for (size_t i = 0; i < read.size(); ++i)
      if (!read[i]) program_.buffers_[i].storage = nullptr;
    program_.long_running_ = is_long_running(total_);
  }

 private:
  using Operand = Program::Operand;
  using Buffer = Program::Buffer;
  using Kind = Program::Kind;

  int step() const { return static_cast<int>(program_.steps_.size()); }

  void find_last_uses() {
    last_use_.assign(graph_.values.size(), -1);
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      for (const ValueId id : graph_.nodes[i].inputs)
        if (id != kNoValue) last_use_[id] = static_cast<int>(i);
    for (const ValueId id : graph_.outputs) last_use_[id] = kForever;
  }

  int new_buffer(Buffer buffer) {
    buffer.first = buffer.last = step();
    program_.buffers_.push_back(std::move(buffer));
    needed_until_.push_back(-1);
    return static_cast<int>(program_.buffers_.size() - 1);
  }
  // The value lies in the buffer: it must last as long.
  void settle(ValueId id, Operand place) {
    int& until = needed_until_[static_cast<size_t>(place.buffer)];
    until = std::max(until, last_use_[id]);
    places_[id] = std::move(place);
  }

  void add_input(size_t i) {
    const TensorDesc& desc = graph_.values[graph_.inputs[i]];
    const int64_t bytes = layout_bytes(desc.shape, desc.dtype, {});
    const Operand place{new_buffer({.kind = Kind::kInput, .bytes = bytes, .input = i}), Tensor::abstract(desc.shape, desc.dtype)};
    program_.inputs_.push_back(place);
    settle(graph_.inputs[i], place);
  }

  Operand constant(const Tensor& tensor) {
    const int buffer = new_buffer({.kind = Kind::kConstant, .bytes = tensor.storage()->bytes(), .storage = tensor.storage()});
    return {buffer, tensor.on(nullptr, 0)};
  }

  void read(Operand& operand) {
    if (operand.buffer < 0) return;
    int& last = program_.buffers_[static_cast<size_t>(operand.buffer)].last;
    last = std::max(last, step());
  }

  void push(Program::Step made) {
    for (Operand& operand : made.inputs) read(operand);
    for (Operand& operand : made.outputs) read(operand);
    program_.steps_.push_back(std::move(made));
  }

  // The operand in another layout, contiguous; constants are converted now.
  Operand converted(const Operand& from, Layout layout) {
    const Buffer& buffer = program_.buffers_[static_cast<size_t>(from.buffer)];
    const Tensor& t = from.tensor;
    if (buffer.kind == Kind::kConstant) {
      const int made = new_buffer({.kind = Kind::kConstant, .bytes = layout_bytes(t.shape(), t.dtype(), layout)});
      constants_.plan_conversion(made, from, layout);
      return {made, Tensor::abstract(t.shape(), t.dtype(), layout)};
    }
    // Blocks are made of contiguous tensors.
    if (layout.kind == LayoutKind::kChannelBlocked && !t.is_contiguous()) return converted(converted(from, {}), layout);
    const Operand to{new_buffer({.bytes = layout_bytes(t.shape(), t.dtype(), layout)}), Tensor::abstract(t.shape(), t.dtype(), layout)};
    push({nullptr, {}, {from}, {to}});
    return to;
  }

  Operand conformed(const Operand& operand, const LayoutChoice::Input& wanted) {
    if (operand.buffer < 0) return operand;
    const Tensor& tensor = operand.tensor;
    const bool as_it_is = tensor.layout() == wanted.layout && (!tensor.is_plain() || wanted.any_strides || tensor.is_contiguous());
    return as_it_is ? operand : converted(operand, wanted.layout);
  }

  void add_node(const Node& node) {
    std::vector<Operand> operands;
    for (const ValueId id : node.inputs) operands.push_back(id == kNoValue ? Operand{} : places_[id]);
    if (node.op->view) add_view(node, operands);
    else add_kernel(node, operands);
  }

  static std::vector<Tensor> tensors(const std::vector<Operand>& operands) {
    std::vector<Tensor> result;
    for (const Operand& operand : operands) result.push_back(operand.tensor);
    return result;
  }

  void add_view(const Node& node, std::vector<Operand> operands) {
    const TensorDesc& desc = graph_.values[node.outputs[0]];
    Tensor view = node.op->view(OpCall{*node.op, tensors(operands), node.attrs}, desc);
    if (!view) {
      operands[0] = converted(operands[0], {});
      view = node.op->view(OpCall{*node.op, tensors(operands), node.attrs}, desc);
    }
    settle(node.outputs[0], {operands[0].buffer, view});
  }

  void pack_constants(const Node& node, std::vector<Operand>& operands) {
    if (!node.op->pack) return;
    const std::vector<Operand> given = operands;
    const std::vector<Tensor> inputs = tensors(given);
    for (size_t i = 0; i < given.size(); ++i) {
      if (given[i].buffer < 0 || program_.buffers_[static_cast<size_t>(given[i].buffer)].kind != Kind::kConstant) continue;
      const int64_t bytes = node.op->packed_bytes(OpCall{*node.op, inputs, node.attrs}, i);
      if (bytes == 0) continue;
      const Tensor& t = given[i].tensor;
      operands[i] = {new_buffer({.kind = Kind::kConstant, .bytes = bytes}), Tensor::abstract(t.shape(), t.dtype(), {LayoutKind::kPacked, 0})};
      constants_.plan_packing(operands[i].buffer, *node.op, node.attrs, given, i);
    }
  }

  // The plan says which algorithm each kernel runs, so that weights packed for one batch serve another.
  static Node with_algorithm(const Node& node, const std::vector<Operand>& operands) {
    if (!node.op->algorithms) return node;
    const size_t at = node.op->attr("algorithm");
    if (!node.attrs.string(at).empty()) return node;
    const std::vector<Tensor> given = tensors(operands);
    Node chosen = node;
    chosen.attrs = node.attrs.with(at, node.op->algorithms(OpCall{*node.op, given, node.attrs})[0]);
    return chosen;
  }

  void add_kernel(const Node& as_given, std::vector<Operand>& operands) {
    const Node node = with_algorithm(as_given, operands);
    const NodeCost cost = cost_of(graph_, node);
    total_.flops += cost.flops;
    total_.bytes_in += cost.bytes_in;
    total_.bytes_out += cost.bytes_out;
    pack_constants(node, operands);
    const std::vector<Tensor> given = tensors(operands);
    LayoutChoice choice;
    if (node.op->layouts) node.op->layouts(OpCall{*node.op, given, node.attrs}, choice);
    const std::vector<Operand> before = operands;
    for (size_t i = 0; i < operands.size(); ++i)
      operands[i] = conformed(operands[i], choice.inputs.empty() ? LayoutChoice::Input{} : choice.inputs[i]);
    std::vector<Operand> outputs;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if ((node.op->droppable >> i & 1) != 0 && last_use_[node.outputs[i]] < 0) {
        outputs.push_back({});
        continue;
      }
      const TensorDesc& desc = graph_.values[node.outputs[i]];
      const Layout layout = choice.outputs.empty() ? Layout{} : choice.outputs[i];
      const Tensor tensor = Tensor::abstract(desc.shape, desc.dtype, layout);
      const std::optional<int> reused = i == 0 ? overwritable(node, before, operands, tensor) : std::nullopt;
      outputs.push_back({reused ? *reused : new_buffer({.bytes = layout_bytes(desc.shape, desc.dtype, layout)}), tensor});
      settle(node.outputs[i], outputs.back());
    }
    const int scratch = new_scratch(node, operands);
    push({node.op, node.attrs, std::move(operands), std::move(outputs), scratch});
  }

  // Lives for this step alone.
  int new_scratch(const Node& node, const std::vector<Operand>& operands) {
    const std::vector<Tensor> given = tensors(operands);
    const int64_t bytes = scratch_bytes(OpCall{*node.op, given, node.attrs}, graph_.values[node.outputs[0]].shape, default_exec());
    return bytes > 0 ? new_buffer({.bytes = bytes}) : -1;
  }

  // The buffer of the operand that the op may overwrite, if nothing else needs it any more.
  std::optional<int> overwritable(const Node& node, const std::vector<Operand>& before, const std::vector<Operand>& operands, const Tensor& out) const {
    if (node.op->in_place < 0 || static_cast<size_t>(node.op->in_place) >= operands.size()) return std::nullopt;
    const auto at = static_cast<size_t>(node.op->in_place);
    const Operand& operand = operands[at];
    if (operand.buffer < 0 || operand.buffer != before[at].buffer) return std::nullopt;
    const Buffer& buffer = program_.buffers_[static_cast<size_t>(operand.buffer)];
    const bool last = buffer.kind == Kind::kArena && needed_until_[static_cast<size_t>(operand.buffer)] <= node_;
    const bool once = std::count_if(operands.begin(), operands.end(), [&](const Operand& o) { return o.buffer == operand.buffer; }) == 1;
    const Tensor& tensor = operand.tensor;
    const bool fits = tensor.dtype() == out.dtype() && tensor.shape() == out.shape() && tensor.layout() == out.layout() &&
                      (!tensor.is_plain() || tensor.is_contiguous()) && tensor.offset() == 0 &&
                      layout_bytes(out.shape(), out.dtype(), out.layout()) == buffer.bytes;
    return last && once && fits ? std::optional(operand.buffer) : std::nullopt;
  }

  void add_output(ValueId id) {
    Buffer& buffer = program_.buffers_[static_cast<size_t>(places_[id].buffer)];
    if (buffer.kind == Kind::kArena) buffer.kind = Kind::kOutput;
    program_.outputs_.push_back(places_[id]);
  }

  // All but constants that were packed or converted.
  std::vector<bool> read_buffers() const {
    std::vector<bool> read(program_.buffers_.size());
    const auto note = [&](const Operand& operand) {
      if (operand.buffer >= 0) read[static_cast<size_t>(operand.buffer)] = true;
    };
    for (const Program::Step& step : program_.steps_) std::for_each(step.inputs.begin(), step.inputs.end(), note);
    std::for_each(program_.outputs_.begin(), program_.outputs_.end(), note);
    return read;
  }

  // Sums of hostile sizes may not fit.
  static int64_t sum(int64_t a, int64_t b) { return b > INT64_MAX - a ? INT64_MAX : a + b; }

  void check_limit(const std::vector<bool>& read, int64_t memory_limit) {
    int64_t outputs = 0, constants = 0;
    for (size_t i = 0; i < read.size(); ++i) {
      const Buffer& buffer = program_.buffers_[i];
      if (buffer.kind == Kind::kOutput) outputs = sum(outputs, buffer.bytes);
      if (buffer.kind == Kind::kConstant && read[i]) constants = sum(constants, buffer.bytes);
    }
    if (sum(program_.arena_, sum(outputs, constants)) > memory_limit)
      fail(ErrorKind::kMemory, "graph: its arena takes ", program_.arena_, " bytes (kernels' scratch included), its outputs ", outputs,
           ", its constants as the kernels read them ", constants, "; the limit is ", memory_limit);
    program_.constants_ = constants;
  }

  void place() {
    std::vector<Lifetime> lives;
    std::vector<size_t> which;
    for (size_t i = 0; i < program_.buffers_.size(); ++i) {
      const Buffer& buffer = program_.buffers_[i];
      if (buffer.kind != Kind::kArena) continue;
      lives.push_back({buffer.bytes, buffer.first, buffer.last});
      which.push_back(i);
    }
    const MemoryPlan plan = plan_memory(lives);
    for (size_t i = 0; i < which.size(); ++i) program_.buffers_[which[i]].offset = plan.offsets[i];
    program_.arena_ = plan.arena;
    program_.bound_ = plan.bound;
  }

  Cost total_ = {};  // of all kernels
  const Graph& graph_;
  Program& program_;
  std::vector<Operand> places_;
  ProgramConstants constants_;
  std::vector<int> last_use_;      // node that reads a value last
  std::vector<int> needed_until_;  // the same for a buffer, over all values that lie in it
  int node_ = 0;
};

Program::Program(const Graph& graph, int64_t memory_limit) {
  for (const ValueId id : graph.inputs) input_descs_.push_back(graph.values[id]);
  ProgramBuilder(graph, *this).build(memory_limit);
}

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
  const ReleaseHostLock released(long_running_);
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
