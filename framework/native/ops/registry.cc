// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/registry.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "ops/families.h"

namespace keima {
namespace {

// Levenshtein distance, for suggestions.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

void check_declaration(const Op& op) {
  auto require = [&](bool condition, std::string_view what) {
    if (!condition) fail(ErrorKind::kRuntime, "op ", op.name, ": ", what);
  };
  require(op.infer != nullptr, "has no shape inference");
  require(op.kernel || op.view, "has neither kernel nor view");
  require(!(op.gradient && !op.no_gradient.empty()), "has a gradient and a reason for having none");
  require(op.inputs.size() <= 32, "has more than 32 named inputs");
  require(!op.onnx.empty() || !op.onnx_note.empty(), "says neither its ONNX operator nor why there is none");
}

}  // namespace

size_t Op::attr(std::string_view wanted) const {
  for (size_t i = 0; i < attrs.size(); ++i)
    if (attrs[i].name == wanted) return i;
  fail(ErrorKind::kRuntime, "op ", name, " declares no attribute ", wanted);
}

Registry::Registry() {
  for (auto* declare : kFamilies) declare(*this);
}

const Registry& Registry::instance() {
  static const Registry registry;
  return registry;
}

const Op* Registry::find(std::string_view name) const noexcept {
  const auto found = ops_.find(name);
  return found == ops_.end() ? nullptr : found->second.get();
}

const Op& Registry::get(std::string_view name) const {
  if (const Op* op = find(name)) return *op;
  std::string_view nearest;
  size_t best = name.size();
  for (const auto& [known, op] : ops_)
    if (const size_t distance = edit_distance(name, known); distance < best) {
      best = distance;
      nearest = known;
    }
  fail(ErrorKind::kValue, "there is no op named '", name, "'", nearest.empty() ? "" : "; did you mean '", nearest, nearest.empty() ? "" : "'?");
}

const Op& Registry::add(Op op) {
  check_declaration(op);
  const std::string name = op.name;
  const auto [at, added] = ops_.emplace(name, std::make_unique<Op>(std::move(op)));
  if (!added) fail(ErrorKind::kRuntime, "op ", name, " is declared twice");
  return *at->second;
}

}  // namespace keima
