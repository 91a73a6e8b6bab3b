// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Elements [begin, end) of a step, compiled for each instruction set.
#pragma once

#include "kernels/optimizer/optimizer.h"
#include "simd/variants.h"

namespace keima {

KEIMA_EACH_ISA(void sgd_range(const SgdArgs& args, int64_t begin, int64_t end))
KEIMA_EACH_ISA(void adam_range(const AdamArgs& args, int64_t begin, int64_t end))

}  // namespace keima
