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

// Memory that goes with its owner; null if there was not enough.
class Memory {
 public:
  explicit Memory(size_t bytes) : data_(aligned_alloc(64, (bytes + 63) / 64 * 64)) {}
  ~Memory() { free(data_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* get() const { return data_; }
  float* floats() const { return static_cast<float*>(data_); }

 private:
  void* data_;
};

keima::executor::Plan plan;

// Runs the loaded plan on standard input, to standard output; what went wrong, or null.
const char* run_plan(const keima::Exec& exec) {
  const auto inputs = static_cast<size_t>(plan.input_count), outputs = static_cast<size_t>(plan.output_count);
  const Memory arena(plan.arena_bytes), input(inputs * sizeof(float)), output(outputs * sizeof(float));
  if (arena.get() == nullptr || input.get() == nullptr || output.get() == nullptr) return "out of memory";
  if (fread(input.get(), sizeof(float), inputs, stdin) != inputs) return "the input is too short";
  keima::executor::run(exec, plan, arena.get(), input.floats(), output.floats());
  const bool written = fwrite(output.get(), sizeof(float), outputs, stdout) == outputs && fflush(stdout) == 0;
  return written ? nullptr : "the output cannot be written";
}

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
  if (const char* why = run_plan(exec)) return fail(argv[1], why);
  return 0;
}
