// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/cost.h"
#include "compiler/forward_chain.h"
#include "compiler/passes.h"
#include "compiler/program.h"
#include "compiler/recompute.h"

namespace keima::compiler {
namespace {

// A step that computes something again, and what it costs.
struct Candidate {
  std::vector<size_t> cuts = {};
  bool keep_costly = false;
  Graph graph = {};
  int64_t bytes = 0;
  double work = 0;  // of all its nodes, in operations
};

double work_of(const Graph& graph) {
  double work = 0;
  for (const Node& node : graph.nodes) {
    if (node.op->view) continue;
    const NodeCost cost = cost_of(graph, node);
    work += std::max(cost.flops, kBalance * static_cast<double>(cost.bytes_in + cost.bytes_out));
  }
  return work;
}

int kernels(const Graph& graph) {
  return static_cast<int>(std::count_if(graph.nodes.begin(), graph.nodes.end(), [](const Node& node) { return !node.op->view; }));
}

// Betters a candidate by cutting one graph.
class Search {
 public:
  Search(const Graph& graph, const Checkpointing& wanted, Candidate& best) : graph_(graph), wanted_(wanted), chain_(graph), best_(best) {}

  void run() {
    if (chain_.size() == 0 || is_enough(best_)) return;
    for (const bool keep_costly : {false, true}) try_sizes(keep_costly);
  }

 private:
  bool is_enough(const Candidate& candidate) const { return candidate.bytes <= wanted_.enough_bytes; }

  bool is_better(const Candidate& a, const Candidate& b) const {
    if (is_enough(a) != is_enough(b)) return is_enough(a);
    return is_enough(a) || a.bytes == b.bytes ? a.work < b.work : a.bytes < b.bytes;
  }

  Candidate with_cuts(std::vector<size_t> cuts, bool keep_costly) const {
    Candidate made{std::move(cuts), keep_costly};
    made.graph = recompute(graph_, chain_.kept(made.cuts, keep_costly));
    pass_named("dead_code").run(made.graph);
    made.bytes = Program::arena_bound_of(made.graph);
    made.work = work_of(made.graph);
    return made;
  }

  // Only as many of the first segments as are needed; most memory is in the first layers.
  Candidate least_of(Candidate candidate) const {
    size_t too_few = 0, enough = candidate.cuts.size();
    while (enough - too_few > 1) {
      const size_t middle = (too_few + enough) / 2;
      Candidate fewer = with_cuts({candidate.cuts.begin(), candidate.cuts.begin() + static_cast<std::ptrdiff_t>(middle)}, candidate.keep_costly);
      (is_enough(fewer) ? enough : too_few) = middle;
      if (is_enough(fewer)) candidate = std::move(fewer);
    }
    return candidate;
  }

  // The memory of a plan with so many segments.
  int64_t try_segments(double segments, bool keep_costly) {
    const auto size = static_cast<int64_t>(static_cast<double>(chain_.saved_bytes(keep_costly)) / segments);
    Candidate candidate = with_cuts(chain_.cuts(size, keep_costly), keep_costly);
    const int64_t bytes = candidate.bytes;
    if (is_enough(candidate)) candidate = least_of(std::move(candidate));
    if (is_better(candidate, best_)) best_ = std::move(candidate);
    return bytes;
  }

  // In a chain of equal layers the square root of their number is best; twice that is looked at.
  void try_sizes(bool keep_costly) {
    const double most = std::max(3.0, 2 * std::sqrt(static_cast<double>(chain_.size())));
    const double step = (most - 2) / wanted_.tries;
    double best_segments = 2;
    int64_t best_bytes = INT64_MAX;
    const auto try_range = [&](double from, double by) {
      for (int i = 0; i < wanted_.tries; ++i) {
        const double segments = from + by * i;
        const int64_t bytes = try_segments(segments, keep_costly);
        if (bytes >= best_bytes) continue;
        best_bytes = bytes;
        best_segments = segments;
      }
    };
    try_range(2, step);
    try_range(std::max(1.5, best_segments - step), 2 * step / wanted_.tries);
  }

  const Graph& graph_;
  const Checkpointing wanted_;
  const ForwardChain chain_;
  Candidate& best_;
};

}  // namespace

CheckpointReport checkpoint(Graph& graph, const Checkpointing& wanted) {
  if (wanted.tries < 1) fail(ErrorKind::kValue, "checkpoint: expected at least one try, got ", wanted.tries);
  if (wanted.enough_bytes < 0) fail(ErrorKind::kValue, "checkpoint: expected at least 0 bytes, got ", wanted.enough_bytes);
  Candidate best{.graph = graph, .bytes = Program::arena_bound_of(graph), .work = work_of(graph)};
  const int64_t before = best.bytes;
  Search(graph, wanted, best).run();
  const CheckpointReport report{before, best.bytes, kernels(best.graph) - kernels(graph)};
  graph = std::move(best.graph);
  return report;
}

}  // namespace keima::compiler
