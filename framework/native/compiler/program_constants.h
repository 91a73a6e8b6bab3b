// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Constants that a program makes of the graph's, converted or packed as its kernels read them: planned first, so that their
// bytes are known before any memory is taken, then made.
#pragma once

#include "compiler/program.h"

namespace keima::compiler {

class ProgramConstants {
 public:
  // Buffer `to` becomes the constant `from`, contiguous in another layout.
  void plan_conversion(int to, const Program::Operand& from, Layout layout) { conversions_.push_back({to, from, layout}); }
  // Buffer `to` becomes input `input` of a step of `op`, packed for its kernel.
  void plan_packing(int to, const Op& op, const Attrs& attrs, std::vector<Program::Operand> inputs, size_t input) {
    packings_.push_back({to, &op, attrs, std::move(inputs), input});
  }
  // Fills the planned buffers. Packed constants get one piece of memory, in the order in which they are read: large pages
  // cover them all.
  void make(std::vector<Program::Buffer>& buffers) const;

 private:
  struct Conversion {
    int to;
    Program::Operand from;
    Layout layout;
  };
  struct Packing {
    int to;
    const Op* op;
    Attrs attrs;
    std::vector<Program::Operand> inputs;
    size_t input;
  };
  std::vector<Conversion> conversions_;
  std::vector<Packing> packings_;
};

}  // namespace keima::compiler
