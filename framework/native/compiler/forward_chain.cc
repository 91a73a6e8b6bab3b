// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/forward_chain.h"

#include <algorithm>
#include <set>

#include "compiler/cost.h"

namespace keima::compiler {
namespace {

bool is_costly(const Graph& graph, const Node& node) {
  const NodeCost cost = cost_of(graph, node);
  return cost.flops > kBalance * static_cast<double>(cost.bytes_in + cost.bytes_out);
}

}  // namespace

ForwardChain::ForwardChain(const Graph& graph) : graph_(graph), makers_(producers(graph)), place_of_(graph.values.size(), -1), saved_(graph.values.size()) {
  find_chain();
  find_crossing();
}

void ForwardChain::find_chain() {
  std::vector<bool> leads(graph_.values.size());
  for (size_t i = graph_.nodes.size(); i-- > 0;) {
    const Node& node = graph_.nodes[i];
    const bool in_chain = !node.backward && std::any_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) { return leads[id]; });
    if (in_chain) chain_.push_back(&node);
    if (!in_chain && !node.backward) continue;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue) continue;
      leads[id] = true;
      if (node.backward) saved_[root_of(id)] = true;
    }
  }
  std::reverse(chain_.begin(), chain_.end());
  for (size_t place = 0; place < chain_.size(); ++place) {
    costly_.push_back(is_costly(graph_, *chain_[place]));
    for (const ValueId id : chain_[place]->outputs) place_of_[id] = static_cast<int>(place);
  }
}

void ForwardChain::find_crossing() {
  std::vector<size_t> last(graph_.values.size());
  for (size_t place = 0; place < chain_.size(); ++place)
    for (const ValueId id : chain_[place]->inputs)
      if (id != kNoValue) last[id] = place;
  std::vector<ValueId> open;
  for (size_t place = 0; place < chain_.size(); ++place) {
    open.insert(open.end(), chain_[place]->outputs.begin(), chain_[place]->outputs.end());
    std::erase_if(open, [&](ValueId id) { return last[id] <= place; });
    crossing_.push_back(open);
  }
}

// Views lie in the memory of what they are views of.
ValueId ForwardChain::root_of(ValueId id) const {
  for (int maker = makers_[id]; maker >= 0; maker = makers_[id]) {
    const Node& node = graph_.nodes[static_cast<size_t>(maker)];
    if (!node.op->view) break;
    id = node.inputs[0];
  }
  return id;
}

int64_t ForwardChain::bytes_of(ValueId id) const { return graph_.values[id].shape.numel() * graph_.values[id].dtype.itemsize(); }

int64_t ForwardChain::crossing_bytes(size_t place, bool keep_costly) const {
  std::set<ValueId> roots;
  for (const ValueId id : crossing_[place]) roots.insert(root_of(id));
  int64_t bytes = 0;
  for (const ValueId id : roots) {
    const int made = place_of_[id];
    if (made >= 0 && !(keep_costly && costly_[static_cast<size_t>(made)])) bytes += bytes_of(id);
  }
  return bytes;
}

std::vector<int64_t> ForwardChain::saved_up_to(bool keep_costly) const {
  std::vector<int64_t> sums;
  int64_t sum = 0;
  for (size_t place = 0; place < chain_.size(); ++place) {
    for (const ValueId id : chain_[place]->outputs)
      if (saved_[id] && !(keep_costly && costly_[place])) sum += bytes_of(id);
    sums.push_back(sum);
  }
  return sums;
}

int64_t ForwardChain::saved_bytes(bool keep_costly) const { return chain_.empty() ? 0 : saved_up_to(keep_costly).back(); }

std::vector<size_t> ForwardChain::cuts(int64_t segment_bytes, bool keep_costly) const {
  const std::vector<int64_t> saved = saved_up_to(keep_costly);
  const size_t count = chain_.size();
  // The least that cuts before each place take if it ends with a cut there, and the cut before; place 0 is the start.
  std::vector<int64_t> least(count + 1, INT64_MAX);
  std::vector<size_t> before(count + 1, 0);
  least[0] = 0;
  for (size_t end = 1; end <= count; ++end) {
    const int64_t here = end == count ? 0 : crossing_bytes(end - 1, keep_costly);
    for (size_t start = end; start-- > 0;) {
      const int64_t segment = saved[end - 1] - (start > 0 ? saved[start - 1] : 0);
      if (segment > segment_bytes && start + 1 < end) break;
      if (least[start] + here >= least[end]) continue;
      least[end] = least[start] + here;
      before[end] = start;
    }
  }
  std::vector<size_t> places;
  for (size_t end = before[count]; end > 0; end = before[end]) places.push_back(end - 1);
  std::reverse(places.begin(), places.end());
  return places;
}

std::vector<bool> ForwardChain::kept(const std::vector<size_t>& cuts, bool keep_costly) const {
  std::vector<bool> kept(graph_.values.size());
  for (const size_t cut : cuts)
    for (const ValueId id : crossing_[cut]) kept[id] = true;
  for (size_t place = 0; place < chain_.size(); ++place) {
    const bool last_segment = cuts.empty() || place > cuts.back();
    for (const ValueId id : chain_[place]->outputs)
      if (last_segment || (keep_costly && costly_[place])) kept[id] = true;
  }
  return kept;
}

}  // namespace keima::compiler
