// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm/layer_norm.h"

#include "kernels/layer_norm/layer_norm_body.h"

namespace keima {

void layer_norm(const Exec& exec, const LayerNormArgs& args) {
  constexpr int64_t kGrain = 8192;  // elements that are worth a thread
  parallel_for(exec, args.rows, kGrain / args.n + 1,
               [&](int64_t begin, int64_t end) { KEIMA_PICK(exec.isa, layer_norm_rows)(args, begin, end); });
}

}  // namespace keima
