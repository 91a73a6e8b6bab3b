// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Graphs as files: one safetensors file, the constants its tensors, the graph as JSON under "keima.graph" in its metadata:
//   {"version": 1,
//    "values": [["float32", [2, 3]], ...],                            by number
//    "inputs": [[0, "data"], ...], "outputs": [[7, "logits"], ...],   value and name
//    "constants": [[1, "conv1.weight"], ...],                         value and tensor
//    "nodes": [{"op": "conv2d", "in": [0, 1, null], "out": [5], "attrs": {"stride": [1, 1], ...}}, ...]}
// Ops and attributes are those of the registry; an attribute that is missing has the declaration's default. Nothing in a
// file is ever executed.
#pragma once

#include "compiler/byte_source.h"
#include "compiler/ir.h"
#include "compiler/tensor_file.h"

namespace keima::compiler {

inline constexpr int64_t kGraphVersion = 1;

// What a file may ask for. Beyond it reading is refused before anything is allocated.
struct LoadLimits {
  int64_t file_bytes = int64_t{64} << 30;
  int64_t header_bytes = int64_t{32} << 20;
  JsonLimits json{};
  int64_t nodes = 1 << 15;                  // planning memory takes time by their square
  int64_t value_bytes = int64_t{16} << 30;  // of one value, views included
  // Of a run: the arena with the kernels' scratch, outputs, constants packed or converted; and of the constants as read.
  int64_t arena_bytes = int64_t{16} << 30;
};

// Throws Error(kUnsupported) for what a file cannot hold: quantized dtypes.
void write_graph(const Graph& graph, const Sink& sink);

// A verified graph with the constants read. Throws FormatError that says what is wrong where, Error(kMemory) where the
// constants take more than the limit.
Graph read_graph(const ByteSource& file, const LoadLimits& limits = {});

}  // namespace keima::compiler
