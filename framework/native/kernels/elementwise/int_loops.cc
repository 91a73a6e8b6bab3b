// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The int32 loops of all operations, for one instruction set.
#include "kernels/elementwise/catalogue.h"

namespace keima::KEIMA_ISA {
ElementwiseLoop elementwise_loop_int(ElementwiseOp op) { return LoopTable<int32_t>::value.of[op.index]; }
}  // namespace keima::KEIMA_ISA
