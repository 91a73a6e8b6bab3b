// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What fused ops do to a result at last: "" nothing, "relu", "relu6" or, for products, "gelu".
#pragma once

#include <limits>

#include "ops/op.h"

namespace keima {

inline constexpr const char* kNoFusedGradient = "the graph compiler makes it from ops that have gradients";
inline constexpr const char* kNoFusedOnnx = "graphs are exported before it is made";

inline void check_activation(const Op& op, const std::string& activation, bool gelu = false) {
  if (activation.empty() || activation == "relu" || activation == "relu6" || (gelu && activation == "gelu")) return;
  fail(ErrorKind::kValue, op.name, ": expected activation '', 'relu'", gelu ? ", 'gelu'" : "", " or 'relu6', got '", activation, "'");
}

// Results are clamped to [0, limit] where there is an activation.
inline float activation_limit(const std::string& activation) {
  return activation == "relu6" ? 6.0F : std::numeric_limits<float>::infinity();
}

}  // namespace keima
