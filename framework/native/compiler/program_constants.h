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
  // Fills the planned buffers, and leaves memory to those that are `read` alone. Packed constants get one piece of memory, in
  // the order in which they are read: large pages cover them all. The largest are packed first, and what a constant was made
  // of is given back to the system as soon as nothing else is made of it: weights as read and as packed are never all there.
  void make(std::vector<Program::Buffer>& buffers, const std::vector<bool>& read) const;

 private:
  // Constants that others are made of.
  class Sources;
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
  Sources sources(std::vector<Program::Buffer>& buffers, const std::vector<bool>& read) const;
  // Where each packed constant will be, and the memory behind them all.
  Ref<Storage> place_packings(std::vector<Program::Buffer>& buffers) const;
  std::vector<const Packing*> largest_first(const std::vector<Program::Buffer>& buffers) const;

  std::vector<Conversion> conversions_;
  std::vector<Packing> packings_;
};

}  // namespace keima::compiler
