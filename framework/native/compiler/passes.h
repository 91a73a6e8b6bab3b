// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Rewrites that keep what a graph computes. Each is small, leaves a graph that verifies, and can be run by itself.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

struct Pass {
  const char* name;
  const char* purpose;
  int (*run)(Graph&);  // the number of nodes that it changed or removed
};

// In the order in which optimize() runs them.
std::span<const Pass> passes();
const Pass& pass_named(std::string_view name);

struct PassReport {
  std::string name;
  int changes;
};
std::vector<PassReport> optimize(Graph& graph);

}  // namespace keima::compiler
