// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// fuzz_plan COUNT [SEED [LAST_FILE]]: loads mutated plan files as the executor does and runs those that load. Under
// AddressSanitizer a read or write out of bounds ends it; LAST_FILE then holds the file that did. A load or a run of more
// than 30 s of processor time ends it too.
#include <sys/time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "base/execution.h"
#include "base/freestanding/isa.h"
#include "base/thread_pool.h"
#include "executor/executor.h"
#include "executor/step.h"
#include "plan_corpus.h"
#include "simd/variants.h"

using namespace keima;
using executor::Plan;
using executor::Step;

namespace {

constexpr itimerval kPatience{{0, 0}, {30, 0}};
// A run that needs more would take long under sanitizers: such files are loaded and not run.
constexpr double kWork = 2e7;
constexpr size_t kArena = 64 << 20;

struct Counts {
  int files = 0, structured = 0, loaded = 0, ran = 0;
  std::map<std::string, int> refused;  // by the status
};

struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};

// Of exactly so many bytes, so that a sanitizer sees the first one too many.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes) {
    void* made = nullptr;
    if (posix_memalign(&made, 64, bytes) != 0) std::abort();
    data_.reset(made);
    std::memset(made, 0xff, bytes);  // NaNs
  }
  char* data() const { return static_cast<char*>(data_.get()); }
  float* floats() const { return static_cast<float*>(data_.get()); }
  size_t size() const { return bytes_; }

 private:
  size_t bytes_;
  std::unique_ptr<void, Free> data_;
};

// Any instruction set of this build and machine, on one thread or on two.
Exec any_exec(Random& random) {
  static ThreadPool pool(2);
  const Isa machine = detect_isa();
  Isa isa = machine;
  if (chance(random, 60)) isa = kBuiltIsas[pick(random, std::size(kBuiltIsas))];
  return {runs(machine, isa) ? isa : machine, chance(random, 15) ? pool.parallel() : Parallel{}};
}

double work_of(const Step& step) {
  const ConvShape s = executor::conv_of(step);
  const PoolArgs p = executor::pool_of(step);
  const auto real = [](int64_t value) { return static_cast<double>(value); };
  switch (step.kind) {
    case executor::StepKind::kConv2d:
      return real(s.batch) * (real(s.out_channels) + 32) * real(s.out_height) * real(s.out_width) * (real(s.in_channels / s.groups) + 16) * real(s.kernel_height) * real(s.kernel_width);
    case executor::StepKind::kMaxPool2d:
    case executor::StepKind::kAvgPool2d:
      return 16 * real(p.planes) * real(p.out_h) * real(p.out_w) * real(std::min(p.kernel_h, p.in_h)) * real(std::min(p.kernel_w, p.in_w));
    case executor::StepKind::kChannelShuffle: return real(step.dims[0]) * real(step.dims[1]) * (real(step.dims[4]) + 16);
    case executor::StepKind::kLayerNorm: return real(step.dims[0]) * real(step.dims[1]);
    case executor::StepKind::kAttention:
      return real(step.dims[0]) * real(step.dims[1]) * (real(step.dims[2]) + 32) * (real(step.dims[3]) + 16) * (real(step.dims[4]) + real(step.dims[5]) + 64);
    case executor::StepKind::kCopy: return real(step.dims[0]) * real(step.dims[1]) * real(step.dims[2]) * real(step.dims[3]) * real(step.dims[4]);
    case executor::StepKind::kAdd: return real(step.dims[0]);
    case executor::StepKind::kTakeRows: return real(step.dims[0]) * real(step.dims[2]);
    case executor::StepKind::kLinear: return real(step.dims[0]) * (real(step.dims[1]) + 32) * (real(step.dims[2]) + 16);
    default: return real(step.dims[0]) * (real(step.dims[1]) + 16) * real(step.dims[2]);
  }
}

bool is_cheap(const Plan& plan) {
  double work = 0;
  for (int i = 0; i < plan.step_count; ++i) work += work_of(plan.steps[i]);
  return work <= kWork && plan.arena_bytes <= kArena;
}

// Whatever is in the file, a status or a result comes back.
void survive(const std::string& file, Random& random, Counts& counts) {
  static const auto plan = std::make_unique<Plan>();
  setitimer(ITIMER_PROF, &kPatience, nullptr);
  ++counts.files;
  const Exec exec = any_exec(random);
  const Memory content(file.size());
  std::memcpy(content.data(), file.data(), file.size());
  if (const executor::Status status = executor::load(exec, content.data(), content.size(), *plan)) {
    ++counts.refused[status];
    return;
  }
  ++counts.loaded;
  if (!is_cheap(*plan)) return;
  const Memory arena(plan->arena_bytes), input(static_cast<size_t>(plan->input_count) * 4), output(static_cast<size_t>(plan->output_count) * 4);
  executor::run(exec, *plan, arena.data(), input.data(), output.floats());
  ++counts.ran;
}

std::string mutation(const std::vector<PlanParts>& lowered, Random& random, Counts& counts) {
  const size_t kind = pick(random, 10);
  PlanParts parts = kind < 7 ? random_plan(random) : lowered[pick(random, lowered.size())];
  counts.structured += kind < 9;
  switch (kind) {
    case 5:
    case 7: parts.plan = mutated_text(parts.plan, random); break;
    case 6:
    case 8: return mutated_header(file_of(parts), random);
    case 9: return mutated_bytes(file_of(parts), random);
    default: break;
  }
  return file_of(parts);
}

void keep(const char* path, const std::string& file) { std::ofstream(path, std::ios::binary | std::ios::trunc) << file; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: fuzz_plan COUNT [SEED [LAST_FILE]]\n");
    return 2;
  }
  const int count = std::atoi(argv[1]);
  const std::vector<PlanParts> lowered = lowered_plans();
  Random random(argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 0);
  Counts counts;
  for (const PlanParts& parts : lowered) {
    survive(file_of(parts), random, counts);
    if (counts.loaded != counts.files) {
      std::fprintf(stderr, "plan %d of the corpus does not load\n", counts.files - 1);
      return 1;
    }
  }
  for (int i = 0; i < count; ++i) {
    const std::string file = mutation(lowered, random, counts);
    if (argc > 3) keep(argv[3], file);
    survive(file, random, counts);
  }
  std::printf("%d files, %d of them aware of the structure; %d loaded, %d ran\n", counts.files, counts.structured, counts.loaded, counts.ran);
  for (const auto& [status, times] : counts.refused) std::printf("%7d  %s\n", times, status.c_str());
  // Mutations that never get through would test the header alone.
  return counts.ran * 20 >= counts.files && counts.structured * 2 >= count ? 0 : 1;
}
