// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// All ops, declared once each in ops/<family>.cc.
#pragma once

#include <map>
#include <memory>
#include <string_view>

#include "ops/op.h"

namespace keima {

class Registry {
 public:
  static const Registry& instance();

  // Throws Error(kValue) with the nearest names when there is no such op.
  const Op& get(std::string_view name) const;
  const Op* find(std::string_view name) const noexcept;
  // Sorted by name.
  const std::map<std::string, std::unique_ptr<Op>, std::less<>>& all() const noexcept { return ops_; }

  // For the families at start, and for ops of a program's own.
  const Op& add(Op op);

 private:
  Registry();
  std::map<std::string, std::unique_ptr<Op>, std::less<>> ops_;
};

// A name known at compile time, looked up once: op_of<"mul">().
template <size_t N>
struct OpName {
  constexpr OpName(const char (&text)[N]) {
    for (size_t i = 0; i < N; ++i) value[i] = text[i];
  }
  char value[N];
};
template <OpName name>
const Op& op_of() {
  static const Op& op = Registry::instance().get(name.value);
  return op;
}

}  // namespace keima
