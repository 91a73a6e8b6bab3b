// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/gradient.h"

#include "ops/layout.h"

namespace keima {

Expr Expr::constant(double value) const { return {*applier_, Value{scalar_tensor(value, dtype()), nullptr, 0}}; }

Expr operator+(const Expr& a, const Expr& b) { return call<"add">(a, b); }
Expr operator-(const Expr& a, const Expr& b) { return call<"sub">(a, b); }
Expr operator*(const Expr& a, const Expr& b) { return call<"mul">(a, b); }
Expr operator/(const Expr& a, const Expr& b) { return call<"div">(a, b); }
Expr operator-(const Expr& a) { return call<"neg">(a); }

void GradCall::set_unbroadcast(size_t i, const Expr& gradient) {
  Expr reduced = gradient;
  if (!(gradient.shape() == in_shape(i))) reduced = call<"sum_to">(reduced, Attrs{in_shape(i)});
  if (!(reduced.dtype() == in_dtype(i))) reduced = call<"cast">(reduced, Attrs{in_dtype(i)});
  set(i, reduced);
}

Expr zeros_of_input(GradCall& g, size_t i) { return {g.applier, {filled(g.in_shape(i), 0.0, g.in_dtype(i)), nullptr, 0}}; }

}  // namespace keima
