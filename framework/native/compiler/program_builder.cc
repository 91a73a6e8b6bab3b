// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From a graph to the steps of a program: operands conformed to the layouts that kernels read, constants packed, buffers
// with their lifetimes.
#include <algorithm>
#include <optional>

#include "base/execution.h"
#include "compiler/batch.h"
#include "compiler/cost.h"
#include "compiler/program.h"
#include "compiler/program_constants.h"
#include "ops/execute.h"

namespace keima::compiler {
namespace {

constexpr int kForever = INT32_MAX;

}  // namespace

class ProgramBuilder {
 public:
  ProgramBuilder(Graph& graph, Program& program)
      : graph_(graph), program_(program), places_(graph.values.size()), samples_(find_batched(graph)) {}

  void build(int64_t memory_limit) {
    add_steps();
    program_.place();
    const std::vector<bool> read = program_.read_buffers();
    program_.check_limit(read, memory_limit);
    constants_.make(program_.buffers_, read);
  }

  void add_steps() {
    find_last_uses();
    for (size_t i = 0; i < graph_.inputs.size(); ++i) add_input(i);
    for (const auto& [id, tensor] : graph_.constants) places_[id] = constant(tensor);
    graph_.constants.clear();  // buffers hold them, until they are packed
    for (node_ = 0; node_ < static_cast<int>(graph_.nodes.size()); ++node_) add_node(graph_.nodes[static_cast<size_t>(node_)]);
    for (const ValueId id : graph_.outputs) add_output(id);
    program_.samples_ = samples_.samples;
    program_.batch_obstacle_ = samples_.obstacle;
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
    // Views of samples are samples, unless there is an obstacle, behind which nothing is known.
    Buffer& buffer = program_.buffers_[static_cast<size_t>(place.buffer)];
    buffer.batched = buffer.batched || samples_.batched[id];
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
    const Operand to{new_buffer({.bytes = layout_bytes(t.shape(), t.dtype(), layout), .batched = buffer.batched}), Tensor::abstract(t.shape(), t.dtype(), layout)};
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
    add_cost(node);
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

  void add_cost(const Node& node) {
    const NodeCost cost = cost_of(graph_, node);
    program_.cost_.flops += cost.flops;
    program_.cost_.bytes_in += cost.bytes_in;
    program_.cost_.bytes_out += cost.bytes_out;
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
    const bool last = buffer.kind == Kind::kArena && buffer.batched == samples_.batched[node.outputs[0]] && needed_until_[static_cast<size_t>(operand.buffer)] <= node_;
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

  Graph& graph_;
  Program& program_;
  std::vector<Operand> places_;
  BatchedValues samples_;
  ProgramConstants constants_;
  std::vector<int> last_use_;      // node that reads a value last
  std::vector<int> needed_until_;  // the same for a buffer, over all values that lie in it
  int node_ = 0;
};

Program::Program(Graph graph, int64_t memory_limit) {
  for (const ValueId id : graph.inputs) input_descs_.push_back(graph.values[id]);
  ProgramBuilder(graph, *this).build(memory_limit);
}

int64_t Program::arena_bound_of(Graph graph) {
  Program program;
  ProgramBuilder(graph, program).add_steps();
  std::vector<Lifetime> lives;
  for (const Buffer& buffer : program.buffers_)
    if (buffer.kind == Kind::kArena) lives.push_back({buffer.bytes, buffer.first, buffer.last});
  return largest_live_set(lives);
}

}  // namespace keima::compiler
