/* SPDX-FileCopyrightText: 2026 The Keima Authors
   SPDX-License-Identifier: Apache-2.0

   Runs graph files (written by trace.dump) from C, without Python. keima.hpp wraps this for C++.

   Functions that can fail return a status and, where `error` is not null, say why in words. Nothing throws, nothing is
   printed, and no pointer is kept after a call but the model's own. A model may be run by several threads at once.
   The environment variables KEIMA_NUM_THREADS and KEIMA_ISA are read at the first load. */
#ifndef KEIMA_KEIMA_H
#define KEIMA_KEIMA_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define KEIMA_API __attribute__((visibility("default")))
#else
#define KEIMA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define KEIMA_MAX_DIMS 8

typedef enum keima_status {
  KEIMA_OK = 0,
  KEIMA_BAD_ARGUMENT = 1,  /* a null pointer, an unknown name, a wrong size */
  KEIMA_BAD_FILE = 2,      /* not there, damaged, cut short, or no graph */
  KEIMA_OUT_OF_MEMORY = 3, /* beyond the limits, or the machine has no more */
  KEIMA_FAILED = 4         /* anything else */
} keima_status;

typedef struct keima_error {
  char text[1024]; /* ends with a zero */
} keima_error;

typedef enum keima_dtype {
  KEIMA_FLOAT32 = 0,
  KEIMA_FLOAT16 = 1,
  KEIMA_BFLOAT16 = 2,
  KEIMA_INT32 = 3,
  KEIMA_INT16 = 4,
  KEIMA_INT8 = 5,
  KEIMA_UINT8 = 6,
  KEIMA_UINT16 = 7,
  KEIMA_BOOL = 8
} keima_dtype;

typedef struct keima_model keima_model;

/* What a file may ask for; 0 stands for the default, 64 GiB and 16 GiB. */
typedef struct keima_limits {
  int64_t file_bytes;
  int64_t memory_bytes; /* of the weights, packed, and of all values that live at a time with the kernels' scratch */
} keima_limits;

/* `limits` may be null. The file may be changed or removed once this returns. */
KEIMA_API keima_status keima_load(const char* path, const keima_limits* limits, keima_model** model, keima_error* error);
KEIMA_API keima_status keima_load_memory(const void* data, size_t bytes, const keima_limits* limits, keima_model** model, keima_error* error);
/* Null is allowed. */
KEIMA_API void keima_free(keima_model* model);

typedef struct keima_port {
  const char* name; /* lives as long as the model */
  keima_dtype dtype;
  int ndim;
  int64_t shape[KEIMA_MAX_DIMS];
  size_t bytes; /* of the values, row-major without gaps */
} keima_port;

KEIMA_API size_t keima_input_count(const keima_model* model);
KEIMA_API size_t keima_output_count(const keima_model* model);
/* Null beyond the last. */
KEIMA_API const keima_port* keima_input(const keima_model* model, size_t index);
KEIMA_API const keima_port* keima_output(const keima_model* model, size_t index);

/* Values of one input or output in memory of the caller's, row-major without gaps. */
typedef struct keima_values {
  const char* name;
  void* data; /* of an input it is only read */
  size_t bytes;
} keima_values;

/* Every input once, in any order; the outputs that are wanted. */
KEIMA_API keima_status keima_run(const keima_model* model, const keima_values* inputs, size_t input_count, const keima_values* outputs,
                                 size_t output_count, keima_error* error);

#ifdef __cplusplus
}
#endif

#endif
