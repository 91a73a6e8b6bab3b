// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Reverse-mode differentiation over the tape.
#pragma once

#include <functional>

#include "eager/tape.h"

namespace keima {

struct Root {
  Value value;
  Value gradient;  // of the value's shape
};

// Computes the gradients of `leaves` from `roots`. `on_gradient(i, gradient)` is called once for each leaf that the
// roots depend on, as soon as its gradient is complete, while the rest of the pass still runs: this is where buckets
// of a data-parallel engine are filled. With `keep_graph` the pass is itself recorded (if a session records) and the
// saved operands stay; otherwise they are freed as the pass goes.
void backward(std::span<const Root> roots, std::span<const Ref<Leaf>> leaves, bool keep_graph,
              const std::function<void(size_t, Value)>& on_gradient);

}  // namespace keima
