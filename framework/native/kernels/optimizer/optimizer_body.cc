// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/optimizer/optimizer_body.h"

#include "simd/math.h"
#include "simd/memory.h"

namespace keima::KEIMA_ISA {
namespace {

using V = Vec<float, kLanes>;

// step(load, put) for whole vectors of [begin, end), then for the rest; load(array) and put(array, vector) are at the
// vector's place.
template <class Step>
KEIMA_INLINE void each_vector(int64_t begin, int64_t end, const Step& step) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes)
    step([i](const float* from) __attribute__((always_inline)) { return load<kLanes>(from + i); },
         [i](float* to, V v) __attribute__((always_inline)) { store(to + i, v); });
  if (i == end) return;
  const int rest = static_cast<int>(end - i);
  step([i, rest](const float* from) __attribute__((always_inline)) { return load_partial<kLanes>(from + i, rest); },
       [i, rest](float* to, V v) __attribute__((always_inline)) { store_partial(to + i, v, rest); });
}

}  // namespace

void sgd_range(const SgdArgs& args, int64_t begin, int64_t end) {
  each_vector(begin, end, [&](const auto& load, const auto& put) __attribute__((always_inline)) {
    const V param = load(args.param);
    const V grad = load(args.grad) + param * args.weight_decay;
    const V velocity = load(args.velocity) * args.momentum + grad;
    put(args.new_velocity, velocity);
    put(args.new_param, param - (args.nesterov ? grad + velocity * args.momentum : velocity) * args.rate);
  });
}

void adam_range(const AdamArgs& args, int64_t begin, int64_t end) {
  each_vector(begin, end, [&](const auto& load, const auto& put) __attribute__((always_inline)) {
    const V param = load(args.param) * args.shrink;
    const V grad = load(args.grad) + param * args.weight_decay;
    const V first = load(args.first) * args.beta1 + grad * args.one_minus_beta1;
    const V second = load(args.second) * args.beta2 + grad * grad * args.one_minus_beta2;
    put(args.new_first, first);
    put(args.new_second, second);
    put(args.new_param, param - first / (sqrt(second * args.correction) + args.eps) * args.rate);
  });
}

}  // namespace keima::KEIMA_ISA
