// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The int32 loops of all operations, for one instruction set.
#include "kernels/elementwise/loops.h"

namespace keima::KEIMA_ISA {
ElementwiseLoop elementwise_loop_int(ElementwiseOp op) { return find_loop<int32_t>(op); }
}  // namespace keima::KEIMA_ISA
