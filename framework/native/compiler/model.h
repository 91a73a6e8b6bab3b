// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A graph file made ready to run.
#pragma once

#include "compiler/graph_file.h"
#include "compiler/program.h"

namespace keima::compiler {

struct Port {
  std::string name;
  TensorDesc desc;
};

class Model {
 public:
  // Reads, checks, optimizes, packs and plans; the file is closed afterwards. Throws
  // FormatError for a file that is not sound, Error(kMemory) for one that asks for more than the limits.
  static Model load(const std::string& path, const LoadLimits& limits = {});
  static Model load(std::span<const std::byte> bytes, const LoadLimits& limits = {});

  const std::vector<Port>& inputs() const noexcept { return inputs_; }
  const std::vector<Port>& outputs() const noexcept { return outputs_; }
  const Program& program() const noexcept { return program_; }

  // Inputs and results in the order of the ports, plain and contiguous. Threads may run one model at a time each.
  std::vector<Tensor> run(std::span<const Tensor> inputs) const;

 private:
  static Model load(const ByteSource& file, const LoadLimits& limits);
  explicit Model(Graph graph, const LoadLimits& limits);

  std::vector<Port> inputs_, outputs_;
  Program program_;
};

}  // namespace keima::compiler
