// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A graph made ready to run: conversions of layouts spelt out, constants packed, every buffer at its offset in one arena.
#pragma once

#include "compiler/ir.h"
#include "compiler/memory.h"
#include "ops/cost.h"

namespace keima::compiler {

class Program {
 public:
  enum class Kind : uint8_t { kArena, kConstant, kInput, kOutput };
  // Memory that values share: views lie on their operand's, in-place results on what they overwrite.
  struct Buffer {
    Kind kind = Kind::kArena;
    int64_t bytes = 0;
    int first = 0, last = 0;  // steps
    int64_t offset = 0;       // in the arena, or of a packed constant in its storage
    Ref<Storage> storage{};   // of a constant
    size_t input = 0;         // which input of the graph
    bool batched = false;     // holds the samples of a batch, one after the other
  };
  struct Operand {
    int buffer = -1;  // -1: left out
    Tensor tensor;    // without memory: shape, dtype, layout, strides, offset in the buffer
  };
  struct Step {
    const Op* op = nullptr;  // null: converts layout or strides
    Attrs attrs;
    std::vector<Operand> inputs, outputs;
    int scratch = -1;  // the buffer that its kernel works in; -1: it needs none
  };

  // Throws Error(kMemory) when the arena (kernels' scratch included), the outputs and the constants as the kernels read
  // them (packed, converted) would take more than `memory_limit` bytes: before any of that is allocated. A graph that is
  // moved in has each constant's memory freed once it is packed.
  explicit Program(Graph graph, int64_t memory_limit = INT64_MAX);

  // The arena_bound() of a graph's program, without making that: nothing is packed or placed.
  static int64_t arena_bound_of(Graph graph);

  // The same program for another number of samples: constants are shared, offsets and scratch planned anew. Throws
  // Error(kUnsupported) that says why where the graph mixes samples or depends on their number, Error(kMemory) beyond the
  // limit.
  Program with_samples(int64_t samples, int64_t memory_limit = INT64_MAX) const;
  // The samples along the first dimension of its inputs, and how many these have there (its own where they disagree).
  int64_t samples() const noexcept { return samples_; }
  int64_t samples_of(std::span<const Tensor> inputs) const;

  // Inputs as the graph's, checked. May be called again while results of an earlier run live.
  std::vector<Tensor> run(std::span<const Tensor> inputs) const;

  const std::vector<Step>& steps() const noexcept { return steps_; }
  const std::vector<Buffer>& buffers() const noexcept { return buffers_; }
  const std::vector<Operand>& outputs() const noexcept { return outputs_; }
  const std::vector<Operand>& inputs() const noexcept { return inputs_; }
  int64_t arena_bytes() const noexcept { return arena_; }
  // The largest live set of arena buffers: no plan needs less.
  int64_t arena_bound() const noexcept { return bound_; }
  // Of the constants that steps read and outputs are.
  int64_t constant_bytes() const noexcept { return constants_; }

 private:
  friend class ProgramBuilder;
  Program() = default;
  void place();
  // All but constants that were packed or converted.
  std::vector<bool> read_buffers() const;
  void check_limit(const std::vector<bool>& read, int64_t memory_limit);
  void rescale(Operand& operand, int64_t samples) const;
  void rescale(Step& step, int number, int64_t samples);
  Operand converted(const Operand& from, Layout layout, std::vector<Step>& steps);
  void conform(int64_t samples);
  void repeat(Operand& operand, int64_t samples) const;
  Tensor operand(const Operand& operand, const std::vector<Ref<Storage>>& memory) const;
  Workspace workspace_of(const Step& step, const std::vector<Ref<Storage>>& memory) const;

  std::vector<TensorDesc> input_descs_;
  std::vector<Step> steps_;
  std::vector<Buffer> buffers_;
  std::vector<Operand> inputs_, outputs_;
  int64_t arena_ = 0, bound_ = 0, constants_ = 0;
  Cost cost_;  // of all kernels
  int64_t samples_ = 0;
  std::string batch_obstacle_;
};

}  // namespace keima::compiler
