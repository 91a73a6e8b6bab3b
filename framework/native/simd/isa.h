// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Which instruction set this file is being compiled for. Kernel bodies are compiled once for each set
// (cmake/KeimaKernel.cmake), with KEIMA_ISA naming a namespace: the linker keeps one copy of an inline function, so two
// sets must never share one, or an old CPU may meet an instruction that it lacks.
#pragma once

#ifndef KEIMA_ISA
#error "KEIMA_ISA is not defined: list this file under BODIES of keima_kernel() in CMakeLists.txt"
#endif

// For functions that take or return vectors: they must vanish into their caller, or vectors go through memory.
#define KEIMA_INLINE [[gnu::always_inline]] inline

namespace keima::KEIMA_ISA {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

// How many 32-bit lanes one register has; the natural W of Vec<float, W>.
inline constexpr int kLanes = kVectorBytes / 4;

}  // namespace keima::KEIMA_ISA
