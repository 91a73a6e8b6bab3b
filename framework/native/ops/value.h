// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A tensor with where it came from: what gradients and traced graphs are made of.
#pragma once

#include "base/inline_vector.h"
#include "base/tensor.h"

namespace keima {

// What made a value: a tape entry, an attached leaf, or a node of a traced graph.
class Origin : public RefCounted {
 public:
  enum class Kind : uint8_t { kLeaf, kTape, kGraph };
  explicit Origin(Kind kind) : kind(kind) {}
  const Kind kind;
  // False once the tape or graph that this belongs to was released.
  virtual bool live() const noexcept = 0;
};

struct Value {
  Tensor tensor;
  Ref<Origin> origin;  // null: a constant
  uint32_t index = 0;  // which output of the origin

  explicit operator bool() const noexcept { return static_cast<bool>(tensor); }
};

using ValueList = InlineVector<Value, 3>;

}  // namespace keima
