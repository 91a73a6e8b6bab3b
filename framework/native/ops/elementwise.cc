// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Ops that compute each element by itself. One row of the table below declares an op; its body is the kernel layer's.
#include <array>

#include "kernels/elementwise/elementwise.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"

namespace keima {
namespace {

// What an op does with dtypes, by MegEngine's rules.
enum class Types : uint8_t {
  kNumeric,    // the promoted type; bool alone is refused
  kFloat,      // integers become float32
  kFloatOnly,  // integers are refused
  kCompare,    // promoted operands, bool result
  kLogical,    // bool only
  kPredicate,  // any operand, bool result
  kInteger,    // integers only
  kSelect,     // bool first, the promoted type of the others
};

using Gradient = void (*)(GradCall&);

struct Row {
  const char* name;
  std::vector<std::string> inputs;
  Types types;
  Gradient gradient;  // null: piecewise constant
  Saved saved;
  const char* onnx;
  const char* onnx_note = "";
  std::vector<AttrDecl> attrs = {};
  const char* no_gradient = "";
};

constexpr uint32_t kFirst = 1, kSecond = 2, kBoth = 3;
constexpr uint32_t kOut = 1;

DType numeric_or_fail(const Op& op, const DType& dtype) {
  if (dtype.is_bool()) fail(ErrorKind::kDtype, op.name, ": bool operands are not taken; convert with astype('int32') or compare instead");
  return dtype;
}

// The type in which the body computes.
DType compute_dtype(const OpCall& call) {
  const Op& op = call.op;
  const auto types = static_cast<Types>(op.elementwise >> 16);
  const size_t first = types == Types::kSelect ? 1 : 0;
  DType dtype = call.in(first).dtype();
  for (size_t i = first + 1; i < call.inputs.size(); ++i) dtype = promote(op.name, dtype, call.in(i).dtype());
  switch (types) {
    case Types::kNumeric: return numeric_or_fail(op, dtype);
    case Types::kFloat: return numeric_or_fail(op, dtype).is_float() ? dtype : DType(ScalarType::kFloat32);
    case Types::kFloatOnly:
      if (!dtype.is_float()) fail(ErrorKind::kDtype, op.name, ": expected a float tensor, got ", dtype);
      return dtype;
    case Types::kLogical:
      if (!dtype.is_bool()) fail(ErrorKind::kDtype, op.name, ": expected bool tensors, got ", dtype, "; compare with 0 first");
      return dtype;
    case Types::kInteger:
      if (!dtype.is_integer()) fail(ErrorKind::kDtype, op.name, ": expected integer tensors, got ", dtype);
      return dtype;
    case Types::kSelect:
      if (!call.in(0).dtype().is_bool()) fail(ErrorKind::kDtype, op.name, ": expected a bool mask, got ", call.in(0).dtype());
      return dtype;
    case Types::kCompare:
    case Types::kPredicate: return dtype;
  }
  return dtype;
}

bool gives_bool(const Op& op) {
  const auto types = static_cast<Types>(op.elementwise >> 16);
  return types == Types::kCompare || types == Types::kPredicate;
}

void infer_elementwise(const OpCall& call, DescList& out) {
  Dims shape = call.in(0).shape();
  for (size_t i = 1; i < call.inputs.size(); ++i) shape = broadcast_shapes(call.op.name, shape, call.in(i).shape());
  const DType computed = compute_dtype(call);
  out.push_back({shape, gives_bool(call.op) ? DType(ScalarType::kBool) : computed});
}

bool is_per_channel(const Dims& shape, const Dims& full) {
  return shape.size() == full.size() && shape[1] == full[1] && shape.numel() == shape[1];
}

// Blocks are kept when every operand has the full shape, is one number, or holds one number a channel.
Layout common_layout(const OpCall& call, const Dims& full) {
  Layout layout;
  for (const Tensor& input : call.inputs)
    if (!input.is_plain() && input.shape() == full) layout = input.layout();
  if (layout.kind == LayoutKind::kStrided) return layout;
  const DType computed = compute_dtype(call);
  for (const Tensor& input : call.inputs) {
    const bool fits = input.shape() == full || input.numel() == 1 || is_per_channel(input.shape(), full);
    if (!fits || input.dtype().itemsize() != computed.itemsize()) return {};
  }
  return gives_bool(call.op) ? Layout{} : layout;
}

void layouts_elementwise(const OpCall& call, LayoutChoice& choice) {
  Dims full = call.in(0).shape();
  for (size_t i = 1; i < call.inputs.size(); ++i)
    if (!(call.in(i).shape() == full)) full = broadcast_shapes(call.op.name, full, call.in(i).shape());
  const Layout layout = common_layout(call, full);
  const bool blocked = layout.kind != LayoutKind::kStrided;
  // A single element that is broadcast is read as it lies.
  for (const Tensor& input : call.inputs) {
    const bool scalar = input.numel() == 1 && !(input.shape() == full);
    choice.inputs.push_back({blocked && !scalar ? layout : Layout{}, true});
  }
  choice.outputs.push_back(layout);
}

// A channel-blocked tensor seen as a strided one: (N, blocks, spatial..., block).
void blocked_view(const Tensor& tensor, Dims& shape, Dims& strides) {
  const int64_t block = tensor.layout().block;
  shape = tensor.shape();
  shape[1] = (shape[1] + block - 1) / block;
  shape.push_back(block);
  strides = contiguous_strides(shape);
}

struct Operand {
  Tensor tensor;  // keeps a conversion alive
  Dims strides;
};

// Strides of an operand against the output's view; 0 where it is broadcast.
Dims operand_strides(const Tensor& tensor, int ndim) {
  Dims shape = tensor.shape(), strides = tensor.strides();
  if (!tensor.is_plain()) blocked_view(tensor, shape, strides);
  Dims result = Dims::filled(ndim, 0);
  if (tensor.numel() == 1 && tensor.is_plain()) return result;
  const int added = ndim - shape.size();
  for (int i = 0; i < shape.size(); ++i) result[i + added] = shape[i] == 1 ? 0 : strides[i];
  return result;
}

void kernel_elementwise(const KernelCall& call) {
  const Tensor& out = call.out();
  if (out.numel() == 0) return;
  const DType computed = compute_dtype(call);
  Dims shape = out.shape(), out_strides = out.strides();
  if (!out.is_plain()) blocked_view(out, shape, out_strides);
  ElementwiseArgs args{};
  args.op = {call.op.elementwise & 0xffff};
  args.out_type = out.dtype().scalar();
  args.ndim = shape.size();
  args.shape = shape.data();
  args.out = out.raw();
  args.out_strides = out_strides.data();
  for (size_t i = 0; i < call.attrs.size(); ++i) args.params[i] = call.attrs.real(i);
  std::array<Operand, kElementwiseMaxInputs> operands;
  const bool selects = static_cast<Types>(call.op.elementwise >> 16) == Types::kSelect;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    // The kernel converts as it reads; only quantized numbers need their scales applied first.
    const bool as_it_is = (selects && i == 0) || !call.in(i).dtype().is_quantized();
    operands[i].tensor = as_it_is ? call.in(i) : to_dtype(call.in(i), computed);
    operands[i].strides = operand_strides(operands[i].tensor, shape.size());
    args.in[i] = {operands[i].tensor.raw(), operands[i].tensor.dtype().scalar(), operands[i].strides.data()};
  }
  elementwise(call.exec, args);
}

// --- gradients -------------------------------------------------------------------------------------------------

Expr mask(const Expr& condition, const DType& dtype) { return call<"cast">(condition, Attrs{dtype}); }
Expr square(const Expr& x) { return x * x; }

void unary(GradCall& g, const Expr& gradient) { g.set(0, gradient); }

void grad_add(GradCall& g) {
  for (size_t i : {0, 1})
    if (g.needs(i)) g.set_unbroadcast(i, g.grad());
}
void grad_sub(GradCall& g) {
  if (g.needs(0)) g.set_unbroadcast(0, g.grad());
  if (g.needs(1)) g.set_unbroadcast(1, -g.grad());
}
void grad_mul(GradCall& g) {
  if (g.needs(0)) g.set_unbroadcast(0, g.grad() * g.in(1));
  if (g.needs(1)) g.set_unbroadcast(1, g.grad() * g.in(0));
}
void grad_div(GradCall& g) {
  const Expr quotient = g.grad() / g.in(1);
  if (g.needs(0)) g.set_unbroadcast(0, quotient);
  if (g.needs(1)) g.set_unbroadcast(1, -(quotient * (g.in(0) / g.in(1))));
}
void grad_pow(GradCall& g) {
  const Expr x = g.in(0), y = g.in(1);
  // d x^y / dx = y x^(y-1); x^0 is 1 whatever x, where the formula has 0 times infinity at 0.
  if (g.needs(0)) {
    const Expr zero = y.constant(0.0);
    g.set_unbroadcast(0, call<"where">(call<"equal">(y, zero), zero, g.grad() * y * call<"pow">(x, y - 1.0)));
  }
  if (!g.needs(1)) return;
  // d x^y / dy = x^y log x; 0 where x is 0 (the limit for y > 0), and log is only asked of positive numbers.
  const Expr positive = call<"greater">(x, x.constant(0.0));
  const Expr safe = call<"where">(positive, x, x.constant(1.0));
  g.set_unbroadcast(1, g.grad() * call<"pow">(x, y) * call<"log">(safe));
}
// The gradient to the operand that was chosen. Selected, not multiplied by 0 or 1: infinity times 0 is NaN.
void set_chosen(GradCall& g, const Expr& first, const Expr& second) {
  const Expr zero = g.grad().constant(0.0);
  if (g.needs(0)) g.set_unbroadcast(0, call<"where">(first, g.grad(), zero));
  if (g.needs(1)) g.set_unbroadcast(1, call<"where">(second, g.grad(), zero));
}
// Where both are equal the first operand gets the gradient.
void grad_maximum(GradCall& g) {
  set_chosen(g, call<"greater_equal">(g.in(0), g.in(1)), call<"less">(g.in(0), g.in(1)));
}
void grad_minimum(GradCall& g) {
  set_chosen(g, call<"less_equal">(g.in(0), g.in(1)), call<"greater">(g.in(0), g.in(1)));
}
void grad_mod(GradCall& g) {
  if (g.needs(0)) g.set_unbroadcast(0, g.grad());
  // mod = x - q y with a constant q.
  if (g.needs(1)) g.set_unbroadcast(1, g.grad() * ((g.out() - g.in(0)) / g.in(1)));
}
void grad_atan2(GradCall& g) {
  const Expr y = g.in(0), x = g.in(1), scaled = g.grad() / (square(x) + square(y));
  if (g.needs(0)) g.set_unbroadcast(0, scaled * x);
  if (g.needs(1)) g.set_unbroadcast(1, -(scaled * y));
}
void grad_logaddexp(GradCall& g) {
  const Expr difference = g.in(0) - g.in(1);
  if (g.needs(0)) g.set_unbroadcast(0, g.grad() * call<"sigmoid">(difference));
  if (g.needs(1)) g.set_unbroadcast(1, g.grad() * call<"sigmoid">(-difference));
}
void grad_where(GradCall& g) {
  const Expr zero = g.grad().constant(0.0);
  if (g.needs(1)) g.set_unbroadcast(1, call<"where">(g.in(0), g.grad(), zero));
  if (g.needs(2)) g.set_unbroadcast(2, call<"where">(g.in(0), zero, g.grad()));
}
void grad_prelu(GradCall& g) {
  const Expr x = g.in(0), zero = x.constant(0.0), positive = call<"greater">(x, zero);
  if (g.needs(0)) g.set_unbroadcast(0, call<"where">(positive, g.grad(), g.grad() * g.in(1)));
  if (g.needs(1)) g.set_unbroadcast(1, call<"where">(positive, zero, g.grad() * x));
}
// The gradient of a unary op in one pass; or composed of ops that have gradients, where it may be differentiated itself.
template <OpName fused, auto composed>
void grad_of_input(GradCall& g) {
  if (g.applier.differentiable()) return composed(g);
  unary(g, call<fused>(g.in(0), g.grad(), g.attrs));
}
template <OpName fused, auto composed>
void grad_of_output(GradCall& g) {
  if (g.applier.differentiable()) return composed(g);
  unary(g, call<fused>(g.out(), g.grad()));
}
void grad_sigmoid(GradCall& g) { unary(g, g.grad() * g.out() * (1.0 - g.out())); }
void grad_tanh(GradCall& g) { unary(g, g.grad() * (1.0 - square(g.out()))); }
void grad_relu_grad(GradCall& g) {
  // Linear in dy with the mask of y; the mask itself is piecewise constant.
  if (g.needs(0)) g.set_unbroadcast(0, g.grad() * 0.0);
  if (g.needs(1)) g.set_unbroadcast(1, call<"relu_grad">(g.in(0), g.grad()));
}
void grad_silu(GradCall& g) {
  const Expr x = g.in(0), s = call<"sigmoid">(x);
  unary(g, g.grad() * s * (x * (1.0 - s) + 1.0));
}
// 0.5 (1 + erf(x / sqrt 2)) + x phi(x), phi the standard normal density.
void grad_gelu(GradCall& g) {
  constexpr double kSqrtHalf = 0.70710678118654752440, kInvSqrt2Pi = 0.39894228040143267794;
  const Expr x = g.in(0);
  const Expr cdf = (call<"erf">(x * kSqrtHalf) + 1.0) * 0.5;
  unary(g, g.grad() * (cdf + x * call<"exp">(square(x) * -0.5) * kInvSqrt2Pi));
}
// Between -3 and 3 hard sigmoid has slope 1/6, elsewhere 0.
Expr inside_three(const Expr& x) {
  return mask(call<"less">(call<"abs">(x), x.constant(3.0)), x.dtype());
}
void grad_hsigmoid(GradCall& g) { unary(g, g.grad() * inside_three(g.in(0)) * (1.0 / 6.0)); }
void grad_hswish(GradCall& g) {
  const Expr x = g.in(0), above = mask(call<"greater_equal">(x, x.constant(3.0)), x.dtype());
  unary(g, g.grad() * (inside_three(x) * (x * (1.0 / 3.0) + 0.5) + above));
}
void grad_relu6(GradCall& g) {
  const Expr x = g.in(0);
  const Expr inside = call<"logical_and">(call<"greater">(x, x.constant(0.0)), call<"less">(x, x.constant(6.0)));
  unary(g, g.grad() * mask(inside, x.dtype()));
}
void grad_leaky_relu(GradCall& g) {
  const Expr x = g.in(0);
  unary(g, call<"where">(call<"greater">(x, x.constant(0.0)), g.grad(), g.grad() * g.attrs.real(0)));
}

template <double factor>
void grad_scaled_bell(GradCall& g) {  // d erf = 2/sqrt(pi) exp(-x^2), d erfc = -that
  unary(g, g.grad() * call<"exp">(-square(g.in(0))) * factor);
}
constexpr double kTwoOverSqrtPi = 1.12837916709551257390;

std::vector<Row> rows() {
  using T = Types;
  const std::vector<std::string> x{"x"}, xy{"x", "y"};
  const std::vector<std::string> x_dy{"x", "dy"}, y_dy{"y", "dy"};
  const char* none = "no ONNX operator; exported as a composition";
  const char* fused = "used where gradients are not differentiated; elsewhere they are composed of other ops";
  return {
      {"abs", x, T::kNumeric, [](GradCall& g) { unary(g, g.grad() * call<"sign">(g.in(0))); }, {kFirst}, "Abs"},
      {"acos", x, T::kFloat, [](GradCall& g) { unary(g, -(g.grad() / call<"sqrt">(1.0 - square(g.in(0))))); }, {kFirst}, "Acos"},
      {"acosh", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / call<"sqrt">(square(g.in(0)) - 1.0)); }, {kFirst}, "Acosh"},
      {"asin", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / call<"sqrt">(1.0 - square(g.in(0)))); }, {kFirst}, "Asin"},
      {"asinh", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / call<"sqrt">(square(g.in(0)) + 1.0)); }, {kFirst}, "Asinh"},
      {"atan", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / (square(g.in(0)) + 1.0)); }, {kFirst}, "Atan"},
      {"atanh", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / (1.0 - square(g.in(0)))); }, {kFirst}, "Atanh"},
      {"ceil", x, T::kNumeric, nullptr, {}, "Ceil"},
      {"cos", x, T::kFloat, [](GradCall& g) { unary(g, -(g.grad() * call<"sin">(g.in(0)))); }, {kFirst}, "Cos"},
      {"cosh", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * call<"sinh">(g.in(0))); }, {kFirst}, "Cosh"},
      {"erf", x, T::kFloatOnly, grad_scaled_bell<kTwoOverSqrtPi>, {kFirst}, "Erf"},
      {"erfc", x, T::kFloatOnly, grad_scaled_bell<-kTwoOverSqrtPi>, {kFirst}, "", none},
      {"exp", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * g.out()); }, {0, kOut}, "Exp"},
      {"expm1", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * (g.out() + 1.0)); }, {0, kOut}, "", none},
      {"floor", x, T::kNumeric, nullptr, {}, "Floor"},
      {"gelu", x, T::kFloatOnly, grad_of_input<"gelu_grad", grad_gelu>, {kFirst}, "Gelu"},
      {"hsigmoid", x, T::kFloatOnly, grad_of_input<"hsigmoid_grad", grad_hsigmoid>, {kFirst}, "HardSigmoid"},
      {"hswish", x, T::kFloatOnly, grad_of_input<"hswish_grad", grad_hswish>, {kFirst}, "HardSwish"},
      {"isinf", x, T::kPredicate, nullptr, {}, "IsInf"},
      {"isnan", x, T::kPredicate, nullptr, {}, "IsNaN"},
      {"leaky_relu", x, T::kFloatOnly, grad_of_input<"leaky_relu_grad", grad_leaky_relu>, {kFirst}, "LeakyRelu", "", {{"negative_slope", AttrType::kFloat, 0.01}}},
      {"log", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / g.in(0)); }, {kFirst}, "Log"},
      {"log1p", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / (g.in(0) + 1.0)); }, {kFirst}, "", none},
      {"logical_not", x, T::kLogical, nullptr, {}, "Not"},
      {"logsigmoid", x, T::kFloatOnly, [](GradCall& g) { unary(g, g.grad() * call<"sigmoid">(-g.in(0))); }, {kFirst}, "", none},
      {"neg", x, T::kNumeric, [](GradCall& g) { unary(g, -g.grad()); }, {}, "Neg"},
      {"reciprocal", x, T::kFloatOnly, [](GradCall& g) { unary(g, -(g.grad() * square(g.out()))); }, {0, kOut}, "Reciprocal"},
      {"relu", x, T::kNumeric, [](GradCall& g) { unary(g, call<"relu_grad">(g.out(), g.grad())); }, {0, kOut}, "Relu"},
      {"relu6", x, T::kNumeric, grad_of_input<"relu6_grad", grad_relu6>, {kFirst}, "Clip"},
      {"round", x, T::kNumeric, nullptr, {}, "", "ONNX Round rounds half to even, this op half away from zero"},
      {"rsqrt", x, T::kFloatOnly, [](GradCall& g) { unary(g, g.grad() * g.out() * square(g.out()) * -0.5); }, {0, kOut}, "", none},
      {"sigmoid", x, T::kFloatOnly, grad_of_output<"sigmoid_grad", grad_sigmoid>, {0, kOut}, "Sigmoid"},
      {"sign", x, T::kNumeric, nullptr, {}, "Sign"},
      {"silu", x, T::kFloatOnly, grad_of_input<"silu_grad", grad_silu>, {kFirst}, "", none},
      {"sin", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * call<"cos">(g.in(0))); }, {kFirst}, "Sin"},
      {"sinh", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * call<"cosh">(g.in(0))); }, {kFirst}, "Sinh"},
      {"softplus", x, T::kFloatOnly, [](GradCall& g) { unary(g, g.grad() * call<"sigmoid">(g.in(0))); }, {kFirst}, "Softplus"},
      {"sqrt", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() / g.out() * 0.5); }, {0, kOut}, "Sqrt"},
      {"square", x, T::kNumeric, [](GradCall& g) { unary(g, g.grad() * g.in(0) * 2.0); }, {kFirst}, "", none},
      {"tan", x, T::kFloat, [](GradCall& g) { unary(g, g.grad() * (square(g.out()) + 1.0)); }, {0, kOut}, "Tan"},
      {"tanh", x, T::kFloat, grad_of_output<"tanh_grad", grad_tanh>, {0, kOut}, "Tanh"},

      {"add", xy, T::kNumeric, grad_add, {}, "Add"},
      {"atan2", {"y", "x"}, T::kFloat, grad_atan2, {kBoth}, "", none},
      {"div", xy, T::kFloat, grad_div, {kBoth}, "Div"},
      {"equal", xy, T::kCompare, nullptr, {}, "Equal"},
      {"floor_div", xy, T::kNumeric, nullptr, {}, "", none},
      {"greater", xy, T::kCompare, nullptr, {}, "Greater"},
      {"greater_equal", xy, T::kCompare, nullptr, {}, "GreaterOrEqual"},
      {"left_shift", xy, T::kInteger, nullptr, {}, "BitShift"},
      {"less", xy, T::kCompare, nullptr, {}, "Less"},
      {"less_equal", xy, T::kCompare, nullptr, {}, "LessOrEqual"},
      {"logaddexp", xy, T::kFloat, grad_logaddexp, {kBoth}, "", none},
      {"logical_and", xy, T::kLogical, nullptr, {}, "And"},
      {"logical_or", xy, T::kLogical, nullptr, {}, "Or"},
      {"logical_xor", xy, T::kLogical, nullptr, {}, "Xor"},
      {"maximum", xy, T::kNumeric, grad_maximum, {kBoth}, "Max"},
      {"minimum", xy, T::kNumeric, grad_minimum, {kBoth}, "Min"},
      {"mod", xy, T::kNumeric, grad_mod, {kBoth, kOut}, "Mod"},
      {"mul", xy, T::kNumeric, grad_mul, {kBoth}, "Mul"},
      {"not_equal", xy, T::kCompare, nullptr, {}, "", none},
      {"pow", xy, T::kFloat, grad_pow, {kBoth}, "Pow"},
      {"prelu", xy, T::kFloatOnly, grad_prelu, {kBoth}, "PRelu"},
      {"relu_grad", y_dy, T::kNumeric, grad_relu_grad, {kFirst}, "", "a gradient"},
      {"right_shift", xy, T::kInteger, nullptr, {}, "BitShift"},
      {"sub", xy, T::kNumeric, grad_sub, {}, "Sub"},

      {"gelu_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"hsigmoid_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"hswish_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"leaky_relu_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {{"negative_slope", AttrType::kFloat, 0.01}}, fused},
      {"relu6_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"sigmoid_grad", y_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"silu_grad", x_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},
      {"tanh_grad", y_dy, T::kFloatOnly, nullptr, {}, "", "a gradient", {}, fused},

      {"where", {"mask", "x", "y"}, T::kSelect, grad_where, {kFirst}, "Where"},
  };
}

}  // namespace

void declare_elementwise(Registry& registry) {
  for (Row& row : rows()) {
    const ElementwiseOp code = elementwise_op_from_name(row.name);
    if (!code.exists()) fail(ErrorKind::kRuntime, "op ", row.name, ": the kernels have no body of this name");
    registry.add({.name = row.name, .inputs = row.inputs, .attrs = row.attrs, .infer = infer_elementwise, .layouts = layouts_elementwise,
                  .kernel = kernel_elementwise, .gradient = row.gradient, .no_gradient = row.no_gradient, .saved = row.saved,
                  .in_place = row.types == Types::kSelect ? 1 : 0,
                  .elementwise = static_cast<int>(row.types) << 16 | code.index, .onnx = row.onnx, .onnx_note = row.onnx_note});
  }
}

}  // namespace keima
