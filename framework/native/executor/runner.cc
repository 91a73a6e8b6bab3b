// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// keima-run MODEL.safetensors < input floats, or int32 > output floats: the least program around the executor, whose size is measured.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
  char* bytes() const { return static_cast<char*>(data_); }

 private:
  void* data_;
};

// Bytes of a regular file; 0 if there are none.
size_t size_of(int file) {
  struct stat status;
  return file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 ? 0 : static_cast<size_t>(status.st_size);
}

// Not mapped: a file that is cut short later would kill the process. False if it ends before `size`.
bool read_whole(int file, char* to, size_t size) {
  for (size_t at = 0; at < size;) {
    const ssize_t count = read(file, to + at, size - at);
    if (count <= 0) return false;
    at += static_cast<size_t>(count);
  }
  return true;
}

keima::executor::Plan plan;

// Runs the loaded plan on standard input, to standard output; what went wrong, or null.
const char* run_plan(const keima::Exec& exec) {
  const auto inputs = static_cast<size_t>(plan.input_count), outputs = static_cast<size_t>(plan.output_count);
  const Memory arena(plan.arena_bytes), input(inputs * sizeof(float)), output(outputs * sizeof(float));
  if (arena.get() == nullptr || input.get() == nullptr || output.get() == nullptr) return "out of memory";
  if (fread(input.get(), sizeof(float), inputs, stdin) != inputs) return "the input is too short";
  keima::executor::run(exec, plan, arena.get(), input.get(), output.floats());
  const bool written = fwrite(output.get(), sizeof(float), outputs, stdout) == outputs && fflush(stdout) == 0;
  return written ? nullptr : "the output cannot be written";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: keima-run MODEL.safetensors < input > output.f32\n");
    return 2;
  }
  const int file = open(argv[1], O_RDONLY | O_CLOEXEC);
  const size_t size = size_of(file);
  const Memory content(size);
  if (size == 0 || content.get() == nullptr || !read_whole(file, content.bytes(), size)) return fail(argv[1], "cannot be read");
  close(file);
  const keima::Exec exec{detected_isa(), {}};
  if (const keima::executor::Status status = keima::executor::load(exec, content.get(), size, plan)) return fail(argv[1], status);
  if (const char* why = run_plan(exec)) return fail(argv[1], why);
  return 0;
}
