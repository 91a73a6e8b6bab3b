// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/optimizer/optimizer.h"

#include "kernels/optimizer/optimizer_body.h"

namespace keima {
namespace {
constexpr int64_t kGrain = 1 << 14;
}

void sgd_step(const Exec& exec, const SgdArgs& args) {
  parallel_for(exec, args.n, kGrain, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, sgd_range)(args, begin, end); });
}

void adam_step(const Exec& exec, const AdamArgs& args) {
  parallel_for(exec, args.n, kGrain, [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, adam_range)(args, begin, end); });
}

}  // namespace keima
