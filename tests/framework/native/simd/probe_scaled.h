// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// add_scaled as plain functions, compiled without sanitizers in every build: with them it takes another form.
#pragma once

#include "simd/variants.h"

namespace keima {

// out[i] = sums[i] + v[i] * *scale for the lanes of one vector.
using AddScaled = void (*)(const float* sums, const float* v, const float* scale, float* out);

struct ScaledProbe {
  struct Form {
    AddScaled run;
    int lanes;
    bool fused;  // never rounds the product
  };
  // A whole vector, half of one, a whole one in an even and in an odd row of a tile.
  Form forms[4];
};

KEIMA_EACH_ISA(const ScaledProbe& scaled_probe());

}  // namespace keima
