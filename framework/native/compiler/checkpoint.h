// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Picks which values of a training step's forward pass stay in memory until backward; the others are computed again (Chen
// et al., "Training Deep Nets with Sublinear Memory Cost", 2016).
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

struct Checkpointing {
  int tries = 10;            // sizes of segments to look at, and as many again around the best
  int64_t enough_bytes = 0;  // of arena: of what needs no more, the least work is taken; 0: the least memory
};

struct CheckpointReport {
  int64_t bytes_before = 0, bytes_after = 0;  // the largest live set of the arena
  int recomputed = 0;                         // nodes that run a second time, views aside
};

// Cuts the forward nodes into segments whose saved values take at most so many bytes, where the values that cross the cuts
// take the least; these stay, and the rest of a segment is computed again when backward comes to it. Sizes of segments
// are tried, and each both with all results computed again and with those of costly nodes (convolutions, products) kept.
// The graph is left as it is where nothing helps. Run after the other passes, which would merge what is computed twice.
CheckpointReport checkpoint(Graph& graph, const Checkpointing& wanted);

}  // namespace keima::compiler
