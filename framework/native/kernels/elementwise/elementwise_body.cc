// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise/elementwise_body.h"

#include "kernels/elementwise/bodies.h"

namespace keima::KEIMA_ISA {
namespace {

// One operand of a run: a vector at element i, from memory or the same for all.
template <class T, bool scalar>
struct Operand {
  using V = Vec<Compute<T>, kLanes>;
  const T* data;
  V all{};

  explicit Operand(const void* memory) : data(static_cast<const T*>(memory)) {
    if constexpr (scalar) all = splat<V>(load_one(data));
  }
  KEIMA_INLINE V at(int64_t i) const {
    if constexpr (scalar) return all;
    else return load<kLanes>(data + i);
  }
  KEIMA_INLINE V tail(int64_t i, int n) const {
    if constexpr (scalar) return all;
    else return load_partial<kLanes>(data + i, n);
  }
};

template <class Out, class V>
KEIMA_INLINE auto as_result(V v) {
  if constexpr (__is_same(Out, Bool)) return v & 1;
  else return v;
}

// out[i] = Body(operands[i]...)
template <class Body, class Out, class... Operands>
KEIMA_INLINE void loop(void* memory, int64_t n, const Operands&... operands) {
  auto* out = static_cast<Out*>(memory);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, as_result<Out>(Body::of(operands.at(i)...)));
  if (i == n) return;
  const int rest = static_cast<int>(n - i);
  store_partial(out + i, as_result<Out>(Body::of(operands.tail(i, rest)...)), rest);
}

template <class Body, class T, class Out>
void unary(const ElementwiseRun& run) {
  loop<Body, Out>(run.out, run.n, Operand<T, false>(run.in[0]));
}

template <class Body, class T, class Out>
void binary(const ElementwiseRun& run) {
  if (run.scalar[1]) return loop<Body, Out>(run.out, run.n, Operand<T, false>(run.in[0]), Operand<T, true>(run.in[1]));
  if (run.scalar[0]) return loop<Body, Out>(run.out, run.n, Operand<T, true>(run.in[0]), Operand<T, false>(run.in[1]));
  loop<Body, Out>(run.out, run.n, Operand<T, false>(run.in[0]), Operand<T, false>(run.in[1]));
}

template <class T, bool mask, bool x>
void select_by_y(const ElementwiseRun& run) {
  const Operand<Bool, mask> a(run.in[0]);
  const Operand<T, x> b(run.in[1]);
  if (run.scalar[2]) return loop<bodies::Where, T>(run.out, run.n, a, b, Operand<T, true>(run.in[2]));
  loop<bodies::Where, T>(run.out, run.n, a, b, Operand<T, false>(run.in[2]));
}
template <class T>
void select(const ElementwiseRun& run) {
  if (run.scalar[0]) return run.scalar[1] ? select_by_y<T, true, true>(run) : select_by_y<T, true, false>(run);
  return run.scalar[1] ? select_by_y<T, false, true>(run) : select_by_y<T, false, false>(run);
}

// A body whose second operand is the op's parameter.
template <class Body, int>
ElementwiseLoop Parameter(bool integer) {
  if (integer) return nullptr;
  return [](const ElementwiseRun& run) {
    loop<Body, float>(run.out, run.n, Operand<float, false>(run.in[0]), Operand<float, true>(&run.params[0]));
  };
}

template <class Body, int arity, class T, class Out = T>
ElementwiseLoop by_arity() {
  if constexpr (arity == 1) return unary<Body, T, Out>;
  else return binary<Body, T, Out>;
}

template <class Body, int arity>
ElementwiseLoop Numeric(bool integer) {
  return integer ? by_arity<Body, arity, int32_t>() : by_arity<Body, arity, float>();
}
template <class Body, int arity>
ElementwiseLoop Float(bool integer) {
  return integer ? nullptr : by_arity<Body, arity, float>();
}
template <class Body, int arity>
ElementwiseLoop Integer(bool integer) {
  return integer ? by_arity<Body, arity, int32_t>() : nullptr;
}
template <class Body, int arity>
ElementwiseLoop Logical(bool integer) {
  return Integer<Body, arity>(integer);
}
template <class Body, int arity>
ElementwiseLoop Compare(bool integer) {
  return integer ? by_arity<Body, arity, int32_t, Bool>() : by_arity<Body, arity, float, Bool>();
}
template <class, int>
ElementwiseLoop Select(bool integer) {
  return integer ? select<int32_t> : select<float>;
}

}  // namespace

ElementwiseLoop elementwise_loop(ElementwiseOp op, bool integer) {
  switch (op) {
#define KEIMA_ELEMENTWISE(name, body, arity, kind) \
  case ElementwiseOp::k##body: return kind<bodies::body, arity>(integer);
#include "kernels/elementwise/ops.inc"
#undef KEIMA_ELEMENTWISE
    case ElementwiseOp::kNone: break;
  }
  return nullptr;
}

}  // namespace keima::KEIMA_ISA
