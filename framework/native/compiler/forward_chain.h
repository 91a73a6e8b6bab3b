// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The forward nodes of a training step that lead to what its backward pass reads, as a chain that can be cut.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

class ForwardChain {
 public:
  explicit ForwardChain(const Graph& graph);

  size_t size() const noexcept { return chain_.size(); }
  // Of all values that backward reads; without those of costly nodes if these are kept anyway.
  int64_t saved_bytes(bool keep_costly) const;

  // After which places of the chain to cut it, so that the segments, the last one aside, save at most so many bytes each
  // (or are one node) and the values that cross the cuts take the least.
  std::vector<size_t> cuts(int64_t segment_bytes, bool keep_costly) const;

  // Which values stay: those that cross the cuts, all behind the last cut, and results of costly nodes if so asked.
  std::vector<bool> kept(const std::vector<size_t>& cuts, bool keep_costly) const;

 private:
  void find_chain();
  void find_crossing();
  ValueId root_of(ValueId id) const;
  int64_t bytes_of(ValueId id) const;
  int64_t crossing_bytes(size_t place, bool keep_costly) const;
  // Saved by the nodes up to each place.
  std::vector<int64_t> saved_up_to(bool keep_costly) const;

  const Graph& graph_;
  const std::vector<int> makers_;
  std::vector<const Node*> chain_;
  std::vector<bool> costly_;                   // by place
  std::vector<int> place_of_;                  // of the node that makes a value, by value; -1: none in the chain
  std::vector<bool> saved_;                    // by value: some view of it is read by backward
  std::vector<std::vector<ValueId>> crossing_;  // by place: values from up to there that later nodes of the chain read
};

}  // namespace keima::compiler
