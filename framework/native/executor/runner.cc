// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// keima-run MODEL.safetensors < input floats > output floats: the least program around the executor, whose size is measured.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executor/executor.h"

namespace {

keima::Isa detected_isa() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return keima::Isa::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return keima::Isa::kAvx2;
  return keima::Isa::kScalar;
#elif defined(__aarch64__)
  return keima::Isa::kNeon;
#else
  return keima::Isa::kScalar;
#endif
}

struct Mapping {
  const void* data;
  size_t size;
};

Mapping map_file(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || status.st_size <= 0) return {nullptr, 0};
  const auto size = static_cast<size_t>(status.st_size);
  const void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  return {data == MAP_FAILED ? nullptr : data, size};
}

int fail(const char* path, const char* why) {
  fprintf(stderr, "keima-run: %s: %s\n", path, why);
  return 3;
}

keima::executor::Plan plan;

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: keima-run MODEL.safetensors < input.f32 > output.f32\n");
    return 2;
  }
  const Mapping file = map_file(argv[1]);
  if (file.data == nullptr) return fail(argv[1], "cannot be read");
  const keima::Exec exec{detected_isa(), {}};
  if (const keima::executor::Status status = keima::executor::load(exec, file.data, file.size, plan)) return fail(argv[1], status);
  void* arena = aligned_alloc(64, (plan.arena_bytes + 63) / 64 * 64);
  auto* input = static_cast<float*>(malloc(static_cast<size_t>(plan.input_count) * sizeof(float)));
  auto* output = static_cast<float*>(malloc(static_cast<size_t>(plan.output_count) * sizeof(float)));
  if (arena == nullptr || input == nullptr || output == nullptr) return fail(argv[1], "out of memory");
  if (fread(input, sizeof(float), static_cast<size_t>(plan.input_count), stdin) != static_cast<size_t>(plan.input_count))
    return fail(argv[1], "the input is too short");
  keima::executor::run(exec, plan, arena, input, output);
  const bool written = fwrite(output, sizeof(float), static_cast<size_t>(plan.output_count), stdout) == static_cast<size_t>(plan.output_count);
  free(output);
  free(input);
  free(arena);
  return written && fflush(stdout) == 0 ? 0 : fail(argv[1], "the output cannot be written");
}
