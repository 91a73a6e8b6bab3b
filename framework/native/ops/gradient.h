// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The language that gradients are written in: expressions over registered ops, recorded by whoever executes them, so
// that a gradient can itself be differentiated or traced.
#pragma once

#include <optional>

#include "ops/registry.h"
#include "ops/value.h"

namespace keima {

// Applies ops on behalf of a gradient; eager execution and the graph compiler implement it.
class Applier {
 public:
  virtual ~Applier() = default;
  virtual ValueList apply(const Op& op, std::span<const Value> inputs, Attrs attrs) = 0;
  // Whether what is applied may itself be differentiated. A fused backward op is used only where it is not; else the
  // gradient is composed of ops that have gradients.
  virtual bool differentiable() const = 0;
};

class Expr {
 public:
  Expr(Applier& applier, Value value) : applier_(&applier), value_(std::move(value)) {}

  const Value& value() const noexcept { return value_; }
  const Dims& shape() const noexcept { return value_.tensor.shape(); }
  const DType& dtype() const noexcept { return value_.tensor.dtype(); }
  Applier& applier() const noexcept { return *applier_; }
  // A 0-d constant of this expression's dtype.
  Expr constant(double value) const;
  // The value without its history.
  Expr detached() const { return {*applier_, Value{value_.tensor, nullptr, 0}}; }

  friend Expr operator+(const Expr& a, const Expr& b);
  friend Expr operator-(const Expr& a, const Expr& b);
  friend Expr operator*(const Expr& a, const Expr& b);
  friend Expr operator/(const Expr& a, const Expr& b);
  friend Expr operator-(const Expr& a);
  friend Expr operator*(const Expr& a, double b) { return a * a.constant(b); }
  friend Expr operator+(const Expr& a, double b) { return a + a.constant(b); }
  friend Expr operator-(const Expr& a, double b) { return a - a.constant(b); }
  friend Expr operator-(double a, const Expr& b) { return b.constant(a) - b; }
  friend Expr operator/(double a, const Expr& b) { return b.constant(a) / b; }

 private:
  Applier* applier_;
  Value value_;
};

// call<"exp">(x), call<"matmul">({a, b}, attrs): the first output.
template <OpName name>
Expr call(const Expr& x, Attrs attrs = {}) {
  ValueList out = x.applier().apply(op_of<name>(), std::span(&x.value(), 1), std::move(attrs));
  return {x.applier(), std::move(out[0])};
}
template <OpName name>
ValueList call_all(Applier& applier, std::initializer_list<Value> inputs, Attrs attrs = {}) {
  return applier.apply(op_of<name>(), std::span(inputs.begin(), inputs.size()), std::move(attrs));
}
template <OpName name>
Expr call(const Expr& x, const Expr& y, Attrs attrs = {}) {
  return {x.applier(), std::move(call_all<name>(x.applier(), {x.value(), y.value()}, std::move(attrs))[0])};
}
template <OpName name>
Expr call(const Expr& x, const Expr& y, const Expr& z, Attrs attrs = {}) {
  return {x.applier(), std::move(call_all<name>(x.applier(), {x.value(), y.value(), z.value()}, std::move(attrs))[0])};
}

// Where in a tensor of shape `whole` a slice lies.
struct Box {
  Dims whole;
  Attrs place;  // of slice, slice_set and slice_add
};

// The gradient of one input. With a box, it is zero but there, where it is `value`: a sum of many such (a sequence that is
// read step by step) costs the length of the sequence, not its square.
struct InputGradient {
  Value value;  // null: none
  std::optional<Box> box = {};
};

using InputGradientList = InlineVector<InputGradient, 3>;

// One op's turn in backward: the saved operands, the gradients that arrived, the gradients to fill in.
class GradCall {
 public:
  GradCall(const Op& op, const Attrs& attrs, Applier& applier, std::span<const Value> inputs,
           std::span<const TensorDesc> input_descs, std::span<const Value> outputs, std::span<const Value> out_grads,
           std::span<const bool> needed, std::span<InputGradient> in_grads)
      : op(op), attrs(attrs), applier(applier), inputs_(inputs), input_descs_(input_descs), outputs_(outputs),
        out_grads_(out_grads), needed_(needed), in_grads_(in_grads) {}

  const Op& op;
  const Attrs& attrs;
  Applier& applier;

  size_t arity() const noexcept { return inputs_.size(); }
  // Saved input or output; which ones are there is said by Op::saved.
  Expr in(size_t i) const { return {applier, inputs_[i]}; }
  Expr out(size_t i = 0) const { return {applier, outputs_[i]}; }
  const Dims& in_shape(size_t i) const { return input_descs_[i].shape; }
  const DType& in_dtype(size_t i) const { return input_descs_[i].dtype; }
  // Gradient of output i; has_grad(i) is false when nothing depends on that output.
  bool has_grad(size_t i) const noexcept { return static_cast<bool>(out_grads_[i]); }
  Expr grad(size_t i = 0) const { return {applier, out_grads_[i]}; }
  // False also for inputs that were left out.
  bool needs(size_t i) const noexcept { return i < needed_.size() && needed_[i]; }

  void set(size_t i, const Expr& gradient) { in_grads_[i].value = gradient.value(); }
  // Zeros of input i's shape, but for `gradient` at `place`.
  void set_in_box(size_t i, const Expr& gradient, const Attrs& place) { in_grads_[i] = {gradient.value(), Box{in_shape(i), place}}; }
  // Sums a gradient of the broadcast shape down to input i's own, and converts it to its dtype.
  void set_unbroadcast(size_t i, const Expr& gradient);

 private:
  std::span<const Value> inputs_;
  std::span<const TensorDesc> input_descs_;
  std::span<const Value> outputs_;
  std::span<const Value> out_grads_;
  std::span<const bool> needed_;
  std::span<InputGradient> in_grads_;
};

// Zeros of input i's shape and dtype, without history.
Expr zeros_of_input(GradCall& g, size_t i);

}  // namespace keima
