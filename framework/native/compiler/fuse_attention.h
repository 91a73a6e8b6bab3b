// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Makes matmul(softmax(matmul(q, k')), v) with its scale one op; the number of attentions found.
int fuse_attention(Graph& graph);

}  // namespace keima::compiler
