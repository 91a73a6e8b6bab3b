// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Which values of a graph hold the samples of a batch along their first dimension, each computed from its own sample of the
// inputs alone: such a graph runs with more or fewer samples than it was traced with.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

struct BatchedValues {
  int64_t samples = 0;          // that the graph was traced with; the first dimension of batched values is a multiple
  std::vector<bool> batched{};  // by value
  std::string obstacle{};       // why the graph runs with this number only; empty: it runs with any
};

// The inputs whose first dimension is that of input 0 are taken as batched.
BatchedValues find_batched(const Graph& graph);

}  // namespace keima::compiler
