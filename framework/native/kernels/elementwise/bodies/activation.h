// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Activations, and their gradients in one pass: *_grad take what the gradient is computed from, then dy.
#pragma once

#include "kernels/elementwise/bodies/arithmetic.h"
#include "kernels/elementwise/operation.h"
#include "simd/math_rare.h"

namespace keima::KEIMA_ISA::op {

template <class V>
KEIMA_INLINE V relu(V a) {
  return max_ordered(V{}, a);
}
template <class V>
KEIMA_INLINE V relu6(V a) {
  return min_ordered(splat<V>(6), max_ordered(V{}, a));
}
// params[0]: the slope below 0.
template <class V>
KEIMA_INLINE V leaky_relu(V a, const double* params) {
  return a < 0.F ? a * static_cast<float>(params[0]) : a;
}
template <class V>
KEIMA_INLINE V prelu(V a, V weight) {
  return a < 0.F ? a * weight : a;
}
template <class V>
KEIMA_INLINE V sigmoid(V a) {
  return KEIMA_ISA::sigmoid(a);
}
template <class V>
KEIMA_INLINE V silu(V a) {
  return a * sigmoid(a);
}
// x Phi(x) with Phi the normal distribution function, by erf, not the tanh approximation.
template <class V>
KEIMA_INLINE V normal_distribution(V a) {
  return 0.5F * KEIMA_ISA::erf(a * 0.70710678F) + 0.5F;
}
template <class V>
KEIMA_INLINE V gelu(V a) {
  return a * normal_distribution(a);
}
template <class V>
KEIMA_INLINE V hsigmoid(V a) {
  return relu6(a + 3.F) * (1.F / 6.F);
}
template <class V>
KEIMA_INLINE V hswish(V a) {
  return a * hsigmoid(a);
}
template <class V>
KEIMA_INLINE V softplus(V a) {
  return KEIMA_ISA::softplus(a);
}
template <class V>
KEIMA_INLINE V logsigmoid(V a) {
  return -KEIMA_ISA::softplus(-a);
}
template <class V>
KEIMA_INLINE V relu_grad(V y, V dy) {
  return y > 0.F ? dy : V{};
}
template <class V>
KEIMA_INLINE V relu6_grad(V x, V dy) {
  return (x > 0.F) & (x < 6.F) ? dy : V{};
}
template <class V>
KEIMA_INLINE V leaky_relu_grad(V x, V dy, const double* params) {
  return x > 0.F ? dy : dy * static_cast<float>(params[0]);
}
template <class V>
KEIMA_INLINE V silu_grad(V x, V dy) {
  const V s = sigmoid(x);
  return dy * (s + x * s * (1.F - s));
}
template <class V>
KEIMA_INLINE V gelu_grad(V x, V dy) {
  const V density = KEIMA_ISA::exp(-0.5F * x * x) * 0.39894228F;
  return dy * (normal_distribution(x) + x * density);
}
template <class V>
KEIMA_INLINE V hswish_grad(V x, V dy) {
  const V inner = dy * (x * (1.F / 3.F) + 0.5F);
  return x >= 3.F ? dy : (x <= -3.F ? V{} : inner);
}
template <class V>
KEIMA_INLINE V hsigmoid_grad(V x, V dy) {
  return (x > -3.F) & (x < 3.F) ? dy * (1.F / 6.F) : V{};
}
template <class V>
KEIMA_INLINE V sigmoid_grad(V y, V dy) {
  return dy * y * (1.F - y);
}
template <class V>
KEIMA_INLINE V tanh_grad(V y, V dy) {
  return dy * (1.F - y * y);
}

using Activation = Operations<
    KEIMA_OPERATION(relu, 1, Number, Same),
    KEIMA_OPERATION(relu6, 1, Number, Same),
    KEIMA_OPERATION(leaky_relu, 1, Float, Same),
    KEIMA_OPERATION(prelu, 2, Float, Same),
    KEIMA_OPERATION(sigmoid, 1, Float, Same),
    KEIMA_OPERATION(silu, 1, Float, Same),
    KEIMA_OPERATION(gelu, 1, Float, Same),
    KEIMA_OPERATION(hsigmoid, 1, Float, Same),
    KEIMA_OPERATION(hswish, 1, Float, Same),
    KEIMA_OPERATION(softplus, 1, Float, Same),
    KEIMA_OPERATION(logsigmoid, 1, Float, Same),
    KEIMA_OPERATION(relu_grad, 2, Float, Same),
    KEIMA_OPERATION(relu6_grad, 2, Float, Same),
    KEIMA_OPERATION(leaky_relu_grad, 2, Float, Same),
    KEIMA_OPERATION(silu_grad, 2, Float, Same),
    KEIMA_OPERATION(gelu_grad, 2, Float, Same),
    KEIMA_OPERATION(hswish_grad, 2, Float, Same),
    KEIMA_OPERATION(hsigmoid_grad, 2, Float, Same),
    KEIMA_OPERATION(sigmoid_grad, 2, Float, Same),
    KEIMA_OPERATION(tanh_grad, 2, Float, Same)>;

}  // namespace keima::KEIMA_ISA::op
