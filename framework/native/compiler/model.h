// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A graph file made ready to run.
#pragma once

#include "compiler/graph_file.h"
#include "compiler/program.h"
#include "compiler/tuning.h"

#include <memory>

namespace keima::compiler {

struct Port {
  std::string name;
  TensorDesc desc;
};

class Model {
 public:
  // Reads, checks, optimizes, packs and plans; the file is closed afterwards. Throws
  // FormatError for a file that is not sound, Error(kMemory) for one that asks for more than the limits.
  static Model load(const std::string& path, const LoadLimits& limits = {}, const Tuning& tuning = {});
  static Model load(std::span<const std::byte> bytes, const LoadLimits& limits = {}, const Tuning& tuning = {});
  Model(Model&&) noexcept;
  ~Model();

  const std::vector<Port>& inputs() const noexcept { return inputs_; }
  const std::vector<Port>& outputs() const noexcept { return outputs_; }
  const Program& program() const noexcept { return program_; }

  // What `tuning` measured.
  const std::vector<Measured>& measured() const noexcept { return measured_; }

  // Inputs and results in the order of the ports, plain and contiguous. Threads may run one model at a time each. Inputs
  // may have another number of samples along their first dimension than the ports say: the memory plan for it is made at
  // the first such run, and kept for the last few numbers. Throws Error(kUnsupported) where the graph does not allow that.
  std::vector<Tensor> run(std::span<const Tensor> inputs) const;

 private:
  static Model load(const ByteSource& file, const LoadLimits& limits, const Tuning& tuning);
  Model(Graph graph, const LoadLimits& limits, std::vector<Measured> measured);
  std::shared_ptr<const Program> program_for(int64_t samples) const;

  std::vector<Port> inputs_, outputs_;
  std::vector<Measured> measured_;
  Program program_;
  int64_t memory_limit_;
  struct OtherBatches;
  std::unique_ptr<OtherBatches> others_;
};

}  // namespace keima::compiler
