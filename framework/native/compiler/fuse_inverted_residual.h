// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Makes a 1x1 convolution, the depthwise one of its result and the 1x1 one of that, or the last two, one op where that
// takes less time; the number of blocks found.
int fuse_inverted_residual(Graph& graph);

}  // namespace keima::compiler
