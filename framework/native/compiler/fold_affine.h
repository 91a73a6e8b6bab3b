// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Folds products, sums and differences with constants a channel into the convolutions before them; the number of ops folded.
int fold_affine(Graph& graph);

}  // namespace keima::compiler
