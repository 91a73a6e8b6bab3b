// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

// Makes joining, shuffling and cutting the channels of convolutions' results one op that works on channel blocks; the
// number of ops made.
int shuffle_channels(Graph& graph);

}  // namespace keima::compiler
