// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/fold_constants.h"

#include "base/execution.h"
#include "compiler/cost.h"
#include "compiler/rewrite.h"
#include "ops/execute.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

// A folded result is kept in the file: nothing large is made of something small (zeros, broadcasts).
constexpr int64_t kFoldedBytes = 1 << 20;
// All of them together may take this much more than the constants that were there.
constexpr int64_t kAllFoldedBytes = 64 << 20;
// The operations that all of them may need, and those for each byte of the constants that were there: an image of zeros under a
// large window takes minutes, but no large file.
constexpr double kAllFoldedFlops = 1e9, kFlopsPerByte = 16;

int64_t bytes_of(const TensorDesc& desc) { return desc.shape.numel() * desc.dtype.itemsize(); }

int64_t made_by(const Graph& graph, const Node& node) {
  int64_t bytes = 0;
  for (const ValueId id : node.outputs) bytes += bytes_of(graph.values[id]);
  return bytes;
}

bool foldable(const Graph& graph, const Node& node) {
  if (node.op->random || node.op->dynamic_shape) return false;
  int64_t given = kFoldedBytes;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue) continue;
    if (!graph.is_constant(id)) return false;
    given += bytes_of(graph.values[id]);
  }
  return made_by(graph, node) <= given;
}

TensorList constants_of(const Graph& graph, const Node& node) {
  TensorList tensors;
  for (const ValueId id : node.inputs) tensors.push_back(id == kNoValue ? Tensor() : graph.constants.at(id));
  return tensors;
}

// What its kernel works in is taken here and now, not from an arena that is held against a limit.
int64_t scratch_of(const Graph& graph, const Node& node) {
  return scratch_bytes(OpCall{*node.op, constants_of(graph, node), node.attrs}, graph.values[node.outputs[0]].shape, default_exec());
}

void fold(Graph& graph, Node& node) {
  const TensorList outputs = execute(*node.op, constants_of(graph, node), node.attrs);
  for (size_t i = 0; i < outputs.size(); ++i) graph.constants[node.outputs[i]] = to_contiguous(to_plain(outputs[i]));
  node.op = nullptr;
}

}  // namespace

int fold_constants(Graph& graph) {
  int64_t given = 0;
  for (const auto& [id, tensor] : graph.constants) given += bytes_of(graph.values[id]);
  int64_t bytes = kAllFoldedBytes + given;
  double flops = kAllFoldedFlops + kFlopsPerByte * static_cast<double>(given);
  for (Node& node : graph.nodes) {
    const int64_t made = made_by(graph, node);
    if (made > bytes || !foldable(graph, node)) continue;
    const double needed = cost_of(graph, node).flops;
    if (needed > flops || scratch_of(graph, node) > kAllFoldedBytes + given) continue;
    bytes -= made;
    flops -= needed;
    fold(graph, node);
  }
  return drop_removed(graph);
}

}  // namespace keima::compiler
