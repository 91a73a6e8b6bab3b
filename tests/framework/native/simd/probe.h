// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// simd/ as plain array functions, so that a test compiled for the baseline can call every instruction set's version.
#pragma once

#include "probe_scaled.h"
#include "simd/element.h"
#include "simd/variants.h"

namespace keima {

using UnaryProbe = void (*)(const float* in, float* out, int64_t n);
using BinaryProbe = void (*)(const float* a, const float* b, float* out, int64_t n);

// Horizontal results over the first vector of `in`, which has `lanes` elements.
struct Horizontal {
  int lanes;
  float sum, product, max, min;
  bool any_above_zero;
};

// Types for a round trip memory -> lanes -> memory of n elements, with the tail done by the partial forms.
struct ConvertProbe {
  ScalarType type;
  void (*to_float)(const void* in, float* out, int64_t n);
  void (*from_float)(const float* in, void* out, int64_t n);
};

struct SimdProbe {
  UnaryProbe (*unary)(const char* name);
  BinaryProbe (*binary)(const char* name);
  Horizontal (*horizontal)(const float* in);
  const ConvertProbe* converts;
  int convert_count;
  const ScaledProbe* scaled;
};

KEIMA_EACH_ISA(const SimdProbe& simd_probe());

}  // namespace keima
