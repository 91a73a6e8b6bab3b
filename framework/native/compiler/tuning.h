// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Picks kernels' algorithms by measuring them on this machine, where an op offers several. Off unless asked for: the fixed
// table by shape (kernels/conv) gives the same results everywhere.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/ir.h"

namespace keima::compiler {

struct Tuning {
  double seconds = 0;                          // for all measuring together
  std::map<std::string, std::string> known{};  // what was picked before, by key_of()
};

// Seconds that each algorithm took, best of several runs.
struct Measured {
  std::string key;
  std::map<std::string, double> seconds;
  std::string picked;
};

// What a choice depends on, within one machine and build: op, attributes, shapes, which operands are there.
std::string key_of(const Graph& graph, const Node& node);

// Sets the attribute "algorithm" of nodes that leave it open: what is known, else what measuring shows to be fastest while
// there is time; the rest keeps the fixed choice. Returns what was measured now. What is known but not offered is ignored.
// Measuring takes no more memory than `memory_limit` at a time.
std::vector<Measured> pick_algorithms(Graph& graph, const Tuning& tuning, int64_t memory_limit = INT64_MAX);

}  // namespace keima::compiler
