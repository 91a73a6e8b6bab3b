// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From the instruction set asked for to the function compiled for it. A family declares its bodies once, in a header that
// both the bodies and the dispatching file include:
//     KEIMA_EACH_ISA(void add_range(const Args& args, int64_t begin, int64_t end));
// and calls them by
//     KEIMA_PICK(exec.isa, add_range)(args, begin, end);
// The sets must be those that cmake/KeimaKernel.cmake compiles for this processor family.
#pragma once

#include "base/freestanding/exec.h"

#if defined(__x86_64__)
#define KEIMA_EACH_ISA(...)             \
  namespace scalar { __VA_ARGS__; }     \
  namespace avx2 { __VA_ARGS__; }       \
  namespace avx512 { __VA_ARGS__; }
#define KEIMA_PICK(isa, name) \
  ((isa) == ::keima::Isa::kAvx512 ? avx512::name : (isa) == ::keima::Isa::kAvx2 ? avx2::name : scalar::name)
#elif defined(__aarch64__)
#define KEIMA_EACH_ISA(...) \
  namespace neon { __VA_ARGS__; }
#define KEIMA_PICK(isa, name) (static_cast<void>(isa), neon::name)
#else
#define KEIMA_EACH_ISA(...) \
  namespace scalar { __VA_ARGS__; }
#define KEIMA_PICK(isa, name) (static_cast<void>(isa), scalar::name)
#endif

namespace keima {

// The sets that bodies are compiled for in this build; tests run them all, where the machine can.
#if defined(__x86_64__)
inline constexpr Isa kBuiltIsas[] = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};
#elif defined(__aarch64__)
inline constexpr Isa kBuiltIsas[] = {Isa::kNeon};
#else
inline constexpr Isa kBuiltIsas[] = {Isa::kScalar};
#endif

}  // namespace keima
