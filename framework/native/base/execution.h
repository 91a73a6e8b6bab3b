// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The process's own Exec: the machine's instruction set and cores, capped by KEIMA_ISA and KEIMA_NUM_THREADS.
#pragma once

#include <string_view>

#include "base/freestanding/exec.h"

namespace keima {

// "scalar", "avx2", "avx512" or "neon".
std::string_view name_of(Isa isa);

// The instruction set to use on `machine` under a cap from KEIMA_ISA. A cap above the machine gives the machine's; an
// unknown text throws std::invalid_argument that names the choices.
Isa cap_isa(Isa machine, std::string_view cap);

// Reads the environment once, at the first call; throws std::invalid_argument on values that are not taken.
const Exec& default_exec();

}  // namespace keima
