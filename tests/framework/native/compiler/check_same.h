// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Results of two ways to run a graph, within what another order of sums changes.
#pragma once

#include <doctest/doctest.h>

#include <vector>

#include "ops/layout.h"

namespace keima::compiler {

inline void check_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    const Tensor x = to_contiguous(to_plain(a[k])), y = to_contiguous(to_plain(b[k]));
    REQUIRE(x.shape() == y.shape());
    for (int64_t i = 0; i < x.numel(); ++i) CHECK(x.data<float>()[i] == doctest::Approx(y.data<float>()[i]).epsilon(1e-4));
  }
}

}  // namespace keima::compiler
