// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Sound graphs that mutations start from: among them they use most ops of the registry.
#pragma once

#include "compiler/ir.h"

namespace keima::compiler {

std::vector<Graph> corpus();

}  // namespace keima::compiler
