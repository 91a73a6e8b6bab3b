// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Conversion of a contiguous run of elements, compiled for each instruction set.
#pragma once

#include "base/freestanding/scalar_type.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(void convert_run(ScalarType from, const void* in, ScalarType to, void* out, int64_t count));

}  // namespace keima
