// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What elementwise.cc needs from each instruction set: the loop of an operation over contiguous lanes, and the conversion
// between an operand in memory and lanes.
#pragma once

#include "kernels/elementwise/elementwise.h"
#include "simd/variants.h"

namespace keima {

// out[i] = f(in[0][i], ...), i < n, all of them contiguous 32-bit lanes. out may be one of in.
using ElementwiseLoop = void (*)(const void* const* in, void* out, int64_t n, const double* params);

// lanes[i] = convert(memory[i * stride]); stride in elements.
using ElementwiseLoad = void (*)(const void* memory, int64_t stride, void* lanes, int64_t n);
// memory[i * stride] = convert(lanes[i])
using ElementwiseStore = void (*)(const void* lanes, void* memory, int64_t stride, int64_t n);

KEIMA_EACH_ISA(ElementwiseInfos elementwise_infos());
KEIMA_EACH_ISA(ElementwiseLoop elementwise_loop_float(ElementwiseOp op));  // null for Int operations
KEIMA_EACH_ISA(ElementwiseLoop elementwise_loop_int(ElementwiseOp op));    // null for Float operations
KEIMA_EACH_ISA(ElementwiseLoad elementwise_load_float(ScalarType type));
KEIMA_EACH_ISA(ElementwiseLoad elementwise_load_int(ScalarType type));
KEIMA_EACH_ISA(ElementwiseStore elementwise_store_float(ScalarType type));
KEIMA_EACH_ISA(ElementwiseStore elementwise_store_int(ScalarType type));

}  // namespace keima
