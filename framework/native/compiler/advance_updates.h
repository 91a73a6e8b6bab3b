// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Moves what makes outputs of gradients (the updates of parameters) among the nodes of backward, each behind the last that
// it reads, so that gradients need not wait for each other; the number of nodes moved.
int advance_updates(Graph& graph);

}  // namespace keima::compiler
