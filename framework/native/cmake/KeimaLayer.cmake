# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0

# Warnings, sanitizers, counters and, for freestanding code, what the deployment runtime does without.
function(keima_compile_options target freestanding)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Werror)
  if(freestanding)
    target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections)
  endif()
  if(KEIMA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${KEIMA_SANITIZE} -fno-omit-frame-pointer -g)
  endif()
  # Kernels' loops would take hours to count.
  if(KEIMA_COVERAGE AND NOT freestanding)
    target_compile_options(${target} PRIVATE --coverage -O0)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

# One static (or header-only) library a layer; headers are included as "<layer>/<file>.h" from framework/native.
# keima_layer(NAME [SOURCES file...] [DEPENDS layer...] [FREESTANDING])
# FREESTANDING: no exceptions, no RTTI, functions and data in their own sections, for the deployment runtime.
# DEPENDS is the arrow check: cmake/check_layers.py (`make lint`) compares each layer's #include lines with it.
function(keima_layer name)
  cmake_parse_arguments(ARG "FREESTANDING" "" "SOURCES;DEPENDS" ${ARGN})
  set(target keima_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
    keima_compile_options(${target} ${ARG_FREESTANDING})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  foreach(layer IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} ${scope} keima_${layer})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY KEIMA_LAYERS "${name}:${ARG_DEPENDS}")
endfunction()
