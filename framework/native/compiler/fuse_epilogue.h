// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Makes convolutions and products with a matrix fused ops, which take in the bias, residual and activation that follow; how
// many nodes became such ops or went into one.
int fuse_epilogue(Graph& graph);

}  // namespace keima::compiler
