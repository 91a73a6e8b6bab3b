/* SPDX-FileCopyrightText: 2026 The Keima Authors
   SPDX-License-Identifier: Apache-2.0

   run_graph MODEL.safetensors < inputs > outputs: values in order, row-major, as they lie in memory. */
#include <keima/keima.h>
#include <stdio.h>
#include <stdlib.h>

/* Memory for the values of `count` ports; null where there was none. */
static keima_values* values_of(const keima_model* model, size_t count, const keima_port* (*port)(const keima_model*, size_t)) {
  keima_values* values = calloc(count ? count : 1, sizeof *values);
  if (!values) return NULL;
  for (size_t i = 0; i < count; ++i) {
    const keima_port* described = port(model, i);
    values[i].name = described->name;
    values[i].bytes = described->bytes;
    values[i].data = malloc(described->bytes ? described->bytes : 1);
    if (!values[i].data) return NULL;
  }
  return values;
}

static void free_values(keima_values* values, size_t count) {
  for (size_t i = 0; values && i < count; ++i) free(values[i].data);
  free(values);
}

static int fail(const char* why) {
  fprintf(stderr, "run_graph: %s\n", why);
  return 3;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: run_graph MODEL.safetensors < inputs > outputs\n");
    return 2;
  }
  keima_error error;
  keima_model* model = NULL;
  if (keima_load(argv[1], NULL, &model, &error) != KEIMA_OK) return fail(error.text);
  const size_t inputs = keima_input_count(model), outputs = keima_output_count(model);
  keima_values* in = values_of(model, inputs, keima_input);
  keima_values* out = values_of(model, outputs, keima_output);
  if (!in || !out) return fail("out of memory");
  for (size_t i = 0; i < inputs; ++i)
    if (fread(in[i].data, 1, in[i].bytes, stdin) != in[i].bytes) return fail("the input is too short");
  if (keima_run(model, in, inputs, out, outputs, &error) != KEIMA_OK) return fail(error.text);
  for (size_t i = 0; i < outputs; ++i)
    if (fwrite(out[i].data, 1, out[i].bytes, stdout) != out[i].bytes) return fail("the output cannot be written");
  free_values(in, inputs);
  free_values(out, outputs);
  keima_free(model);
  return 0;
}
