// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/execution.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "base/freestanding/isa.h"
#include "base/thread_pool.h"

namespace keima {
namespace {

constexpr std::array kIsas = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512, Isa::kNeon};

Exec read_environment() {
  const char* isa = std::getenv("KEIMA_ISA");
  const char* threads = std::getenv("KEIMA_NUM_THREADS");
  // Never destroyed: loops may run in destructors of static objects.
  static auto* pool = new ThreadPool(threads != nullptr ? parse_num_threads(threads) : available_cores());
  Exec exec;
  exec.isa = isa != nullptr ? cap_isa(detect_isa(), isa) : detect_isa();
  exec.parallel = pool->parallel();
  return exec;
}

}  // namespace

std::string_view name_of(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kNeon:
      return "neon";
  }
  return "unknown";
}

Isa cap_isa(Isa machine, std::string_view cap) {
  for (const Isa isa : kIsas)
    if (name_of(isa) == cap) return runs(machine, isa) ? isa : machine;
  std::string choices;
  for (const Isa isa : kIsas) choices += (choices.empty() ? "" : ", ") + std::string(name_of(isa));
  throw std::invalid_argument("KEIMA_ISA must be one of " + choices + ", not '" + std::string(cap) + "'");
}

const Exec& default_exec() {
  static const Exec exec = read_environment();
  return exec;
}

}  // namespace keima
