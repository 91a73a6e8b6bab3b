// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Who watches the ops that a program applies: the recorder of a traced function.
#pragma once

#include <span>

#include "ops/op.h"

namespace keima {

class Observer {
 public:
  virtual ~Observer() = default;
  // False: ops are not run, and their results are abstract tensors.
  virtual bool executes() const noexcept = 0;
  virtual void applied(const Op& op, const Attrs& attrs, std::span<const Tensor> inputs, std::span<const Tensor> outputs) = 0;
  // Around a pass of autodiff, which may stand inside another.
  virtual void backward_begins() noexcept {}
  virtual void backward_ends() noexcept {}
};

// While it lives, what the observer of this thread sees is a pass of autodiff.
class ObservedBackward {
 public:
  ObservedBackward() noexcept;
  ~ObservedBackward();
  ObservedBackward(const ObservedBackward&) = delete;
  ObservedBackward& operator=(const ObservedBackward&) = delete;

 private:
  Observer* const observer_;
};

// The one that watches this thread now, or null.
Observer* current_observer() noexcept;
void set_observer(Observer* observer) noexcept;

}  // namespace keima
