# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0

# Kernel bodies are compiled once for each instruction set, into a namespace of that name (simd/isa.h). The flags of
# every set are here and nowhere else.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(KEIMA_ISAS scalar avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(KEIMA_ISAS neon)
else()
  set(KEIMA_ISAS scalar)
endif()

# Contraction to FMA, but never -fassociative-math: it folds the rounding trick of exp (error 0.27 measured).
# Sanitizers multiply with inlining: -O3 takes minutes a file under them.
set(KEIMA_KERNEL_LEVEL -O3)
if(KEIMA_SANITIZE)
  set(KEIMA_KERNEL_LEVEL -O1)
endif()
set(KEIMA_KERNEL_FLAGS ${KEIMA_KERNEL_LEVEL} -ffp-contract=fast -fno-math-errno -fno-trapping-math -Wno-psabi)
set(KEIMA_FLAGS_scalar "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(KEIMA_FLAGS_scalar -march=x86-64-v2)
endif()
set(KEIMA_FLAGS_avx2 -march=x86-64-v2 -mavx2 -mfma -mf16c -mbmi -mbmi2)
# GCC 12 warns of its own headers: _mm512_undefined_ps (GCC bug 105593).
set(KEIMA_FLAGS_avx512 ${KEIMA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
    -Wno-uninitialized -Wno-maybe-uninitialized)
set(KEIMA_FLAGS_neon "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Otherwise a micro-kernel's accumulators spill (31 stack accesses became 0).
  set(KEIMA_FLAGS_neon -fno-schedule-insns)
endif()

# One object library: freestanding code with the given extra flags. Its name is appended to ${list}.
function(keima_object_library name list)
  cmake_parse_arguments(ARG "" "" "SOURCES;OPTIONS;DEFINITIONS" ${ARGN})
  add_library(${name} OBJECT ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE ${ARG_DEFINITIONS})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  keima_compile_options(${name} TRUE)
  set(${list} ${${list}} ${name} PARENT_SCOPE)
endfunction()

# keima_isa_libraries(NAME LIST BODIES file... [ISAS isa...]): an object library for each set, or for those of ISAS that
# this processor family has; their names are appended to ${LIST}.
function(keima_isa_libraries name list)
  cmake_parse_arguments(ARG "" "" "BODIES;ISAS" ${ARGN})
  set(libraries ${${list}})
  foreach(isa IN LISTS KEIMA_ISAS)
    if(NOT ARG_ISAS OR isa IN_LIST ARG_ISAS)
      keima_object_library(${name}_${isa} libraries SOURCES ${ARG_BODIES} DEFINITIONS KEIMA_ISA=${isa}
                           OPTIONS ${KEIMA_KERNEL_FLAGS} ${KEIMA_FLAGS_${isa}})
    endif()
  endforeach()
  set(${list} ${libraries} PARENT_SCOPE)
endfunction()

# keima_kernel(FAMILY [DISPATCH file...] [BODIES file...] [ISAS isa...])
# DISPATCH files are compiled once: they choose a set at run time (simd/variants.h). BODIES are compiled for each set.
# All objects join the kernels layer.
function(keima_kernel family)
  cmake_parse_arguments(ARG "" "" "DISPATCH;BODIES;ISAS" ${ARGN})
  set(libraries "")
  if(ARG_DISPATCH)
    keima_object_library(keima_kernels_${family} libraries SOURCES ${ARG_DISPATCH})
  endif()
  if(ARG_BODIES)
    keima_isa_libraries(keima_kernels_${family} libraries BODIES ${ARG_BODIES} ISAS ${ARG_ISAS})
  endif()
  foreach(library IN LISTS libraries)
    set_property(GLOBAL APPEND PROPERTY KEIMA_KERNEL_OBJECTS $<TARGET_OBJECTS:${library}>)
  endforeach()
endfunction()
