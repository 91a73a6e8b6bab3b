// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Lowers a program to the flat plan of the deployment library (executor/executor.h has the format).
#pragma once

#include "compiler/program.h"
#include "compiler/tensor_file.h"

namespace keima::compiler {

// Writes the plan of a program with one float32 input and one output as a safetensors file: weights packed, offsets assigned;
// scratch is left to the executor, which knows its machine. Throws Error(kUnsupported) that names the step that the executor
// does not run.
void write_executor_plan(const Program& program, const Sink& sink);

}  // namespace keima::compiler
