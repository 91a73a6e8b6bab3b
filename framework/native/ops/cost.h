// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What applying an op costs, counted from shapes alone: for graphs that nobody has run and for the profiler.
#pragma once

#include <span>

#include "ops/op.h"

namespace keima {

struct Cost {
  double flops = 0;       // a multiplication and an addition are two; comparisons and functions of one element are one
  int64_t bytes_in = 0;   // operands, each read once
  int64_t bytes_out = 0;  // results
};

// A tensor as far as costs go.
struct Sized {
  const Dims* shape = nullptr;  // null: left out
  int64_t itemsize = 0;

  int64_t bytes() const { return shape ? shape->numel() * itemsize : 0; }
};
using SizedList = InlineVector<Sized, 4>;

// Of tensors, null ones included; what it is made of must outlive the list.
SizedList sizes_of(std::span<const Tensor> tensors);
SizedList sizes_of(std::span<const TensorDesc> descs);

// Whether it takes so long (from some hundred microseconds on) that a host's other threads should run meanwhile.
bool is_long_running(const Cost& cost);

// By the direct algorithm, whatever the kernel does: Winograd's counts as what it replaces, as is usual.
Cost cost_of(const Op& op, const Attrs& attrs, std::span<const Sized> inputs, std::span<const Sized> outputs);

}  // namespace keima
