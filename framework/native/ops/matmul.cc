// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Matrix products.
#include "base/execution.h"
#include "kernels/gemm/gemm.h"
#include "ops/activation.h"
#include "ops/counted_scratch.h"
#include "ops/families.h"
#include "ops/gradient.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kTransposeA = 0, kTransposeB = 1;

// The operands as matrices: a vector is one row on the left, one column on the right, and is not transposed.
struct Shapes {
  Dims a, b;  // with at least 2 dimensions
  bool transpose_a, transpose_b;
  bool vector_a, vector_b;

  int64_t rows(const Dims& shape) const { return shape[shape.size() - 2]; }
  int64_t m() const { return transpose_a ? a.back() : rows(a); }
  int64_t k() const { return transpose_a ? rows(a) : a.back(); }
  int64_t inner_b() const { return transpose_b ? b.back() : rows(b); }
  int64_t n() const { return transpose_b ? rows(b) : b.back(); }
  static Dims batch(Dims shape) {
    shape.erase(shape.size() - 1);
    shape.erase(shape.size() - 1);
    return shape;
  }
};

Shapes shapes_of(const Dims& a, const Dims& b, const Attrs& attrs) {
  if (a.empty() || b.empty()) fail(ErrorKind::kShape, "matmul: expected at least 1 dimension, got shapes ", a, " and ", b);
  Shapes shapes{a, b, attrs.flag(kTransposeA), attrs.flag(kTransposeB), a.size() == 1, b.size() == 1};
  if (shapes.vector_a) {
    shapes.a.insert(0, 1);
    shapes.transpose_a = false;
  }
  if (shapes.vector_b) {
    shapes.b.push_back(1);
    shapes.transpose_b = false;
  }
  return shapes;
}

Dims product_shape(const Shapes& shapes) {
  Dims shape = broadcast_shapes("matmul", Shapes::batch(shapes.a), Shapes::batch(shapes.b));
  shape.push_back(shapes.m());
  shape.push_back(shapes.n());
  return shape;
}

void infer_matmul(const OpCall& call, DescList& out) {
  const Tensor &a = call.in(0), &b = call.in(1);
  const Shapes shapes = shapes_of(a.shape(), b.shape(), call.attrs);
  if (shapes.k() != shapes.inner_b())
    fail(ErrorKind::kShape, "matmul: inner sizes differ: shapes ", a.shape(), " and ", b.shape(), " (transpose_a=", shapes.transpose_a,
         ", transpose_b=", shapes.transpose_b, ") meet at ", shapes.k(), " and ", shapes.inner_b());
  const DType dtype = promote("matmul", a.dtype(), b.dtype());
  if (!dtype.is_float()) fail(ErrorKind::kDtype, "matmul: expected float tensors, got ", a.dtype(), " and ", b.dtype(), "; convert with astype('float32')");
  Dims shape = product_shape(shapes);
  if (shapes.vector_b) shape.erase(shape.size() - 1);
  if (shapes.vector_a) shape.erase(shape.size() - (shapes.vector_b ? 1 : 2));
  out.push_back({shape, dtype});
}

void layouts_matmul(const OpCall&, LayoutChoice& choice) {
  choice.inputs.push_back({{}, true});
  choice.inputs.push_back({{}, true});
  choice.outputs.push_back({});
}

// A batch of matrices as the kernel reads it.
struct Matrices {
  Tensor tensor;  // float32, keeps copies alive
  int64_t stride = 0;
  bool transposed = false;
  int64_t batch_stride = 0;
};

// Whether dimensions lie one after the other without gaps, the last with `step` between its elements.
bool collapses(const Dims& shape, const Dims& strides, int count, int64_t step) {
  for (int i = count - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

Matrices matrices_of(const Exec& exec, const Tensor& given, const Dims& shape, const Dims& batch, Workspace& workspace) {
  Tensor tensor = to_dtype(exec, given, ScalarType::kFloat32, workspace);
  const int ndim = shape.size();
  Dims strides = tensor.strides();
  if (tensor.ndim() == 1) strides.insert(ndim == 2 && shape[0] == 1 ? 0 : 1, 1);
  const bool one = Shapes::batch(shape).numel() == 1;
  auto usable = [&] {
    const int64_t row = strides[ndim - 2], column = strides[ndim - 1];
    const bool plain = (column == 1 || shape[ndim - 1] == 1) && (row >= shape[ndim - 1] || shape[ndim - 2] == 1);
    const bool flipped = (row == 1 || shape[ndim - 2] == 1) && (column >= shape[ndim - 2] || shape[ndim - 1] == 1);
    return (plain || flipped) && (one || (Shapes::batch(shape) == batch && collapses(shape, strides, ndim - 2, strides[ndim - 3])));
  };
  if (!usable()) {
    Dims full = batch;
    full.push_back(shape[ndim - 2]);
    full.push_back(shape[ndim - 1]);
    const Dims& target = one ? shape : full;
    const int added = target.size() - ndim;
    Dims spread = Dims::filled(target.size(), 0);
    for (int i = 0; i < ndim; ++i) spread[i + added] = shape[i] == 1 ? 0 : strides[i];
    tensor = to_contiguous(exec, tensor.view(target, spread), workspace);
    return {tensor, std::max<int64_t>(target.back(), 1), false, one ? 0 : target[target.size() - 2] * target.back()};
  }
  const bool plain = strides[ndim - 1] == 1 || shape[ndim - 1] == 1;
  Matrices result{tensor, 0, !plain, one ? 0 : strides[ndim - 3]};
  // A matrix of one row (column) may have any stride between its rows.
  result.stride = plain ? std::max(strides[ndim - 2], shape[ndim - 1]) : std::max(strides[ndim - 1], shape[ndim - 2]);
  return result;
}

// A product ready to run: copies of what the kernel cannot read as it lies are made, and scratch is taken.
struct Product {
  GemmArgs args{};
  Matrices a, b;  // keep copies alive
  Tensor rounded;  // the product where the result is not float32
  std::byte* scratch = nullptr;
};

Product prepare(const OpCall& call, const Exec& exec, Workspace& workspace) {
  const Shapes shapes = shapes_of(call.in(0).shape(), call.in(1).shape(), call.attrs);
  const Dims result = product_shape(shapes), batch = Shapes::batch(result);
  Product product;
  product.a = matrices_of(exec, call.in(0), shapes.a, batch, workspace);
  product.b = matrices_of(exec, call.in(1), shapes.b, batch, workspace);
  if (promote("matmul", call.in(0).dtype(), call.in(1).dtype()).scalar() != ScalarType::kFloat32) product.rounded = workspace.tensor(result, ScalarType::kFloat32);
  const Matrices &a = product.a, &b = product.b;
  GemmArgs& args = product.args;
  args.m = shapes.m();
  args.n = shapes.n();
  args.k = shapes.k();
  args.a = address_of<float>(a.tensor);
  args.a_stride = a.stride;
  args.transpose_a = shapes.transpose_a != a.transposed;
  args.a_batch_stride = a.batch_stride;
  args.b = address_of<float>(b.tensor);
  args.b_stride = b.stride;
  args.transpose_b = shapes.transpose_b != b.transposed;
  args.b_batch_stride = b.batch_stride;
  args.c_stride = args.n;
  args.c_batch_stride = args.m * args.n;
  args.batch = batch.numel();
  product.scratch = workspace.take(gemm_scratch_bytes(exec, args));
  return product;
}

int64_t scratch_matmul(const OpCall& call, const Exec& exec) {
  return counted_scratch([&](Workspace& workspace) { prepare(call, exec, workspace); });
}

void kernel_matmul(const KernelCall& call) {
  const Tensor& out = call.out();
  if (out.numel() == 0) return;
  Product product = prepare(call, call.exec, call.workspace);
  const Tensor& target = product.rounded ? product.rounded : out;
  product.args.c = target.data<float>();
  gemm(call.exec, product.args, product.scratch);
  if (product.rounded) strided_copy(call.exec, product.rounded.view(out.shape(), contiguous_strides(out.shape())), out);
}

// --- with what follows it, for the compiler --------------------------------------------------------------------------

constexpr size_t kResidual = 3;

void infer_linear(const OpCall& call, DescList& out) {
  const Tensor &x = call.in(0), &weight = call.in(1);
  check_activation(call.op, call.attrs.string(0), true);
  if (x.ndim() < 1 || weight.ndim() != 2 || x.shape().back() != weight.shape()[1])
    fail(ErrorKind::kShape, call.op.name, ": expected an input of shape (..., k) and weights of shape (n, k), got ", x.shape(), " and ", weight.shape());
  if (call.has(2) && call.in(2).numel() != weight.shape()[0])
    fail(ErrorKind::kShape, call.op.name, ": expected a bias of ", weight.shape()[0], " elements, got ", call.in(2).shape());
  require_all_float32(call);
  Dims shape = x.shape();
  shape[shape.size() - 1] = weight.shape()[0];
  if (call.has(kResidual) && !(call.in(kResidual).shape() == shape))
    fail(ErrorKind::kShape, call.op.name, ": expected a residual of shape ", shape, ", got ", call.in(kResidual).shape());
  out.push_back({shape, x.dtype()});
}

void layouts_linear(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({});
  if (call.in(1).layout().kind == LayoutKind::kPacked) choice.inputs[1].layout = call.in(1).layout();
  choice.outputs.push_back({});
}

size_t packed_linear(const Dims& weight) { return gemm_packed_bytes(weight[0], weight[1]); }

int64_t packed_bytes_linear(const OpCall& call, size_t input) { return input == 1 ? static_cast<int64_t>(packed_linear(call.in(1).shape())) : 0; }

void pack_linear(const OpCall& call, size_t, std::byte* to) {
  const Tensor weight = to_contiguous(call.in(1));
  const int64_t n = weight.shape()[0], k = weight.shape()[1];
  gemm_pack(default_exec(), n, k, weight.data<float>(), k, true, reinterpret_cast<float*>(to));
}

// Sizes alone.
PackedGemmArgs linear_args(const OpCall& call) {
  PackedGemmArgs args;
  args.n = call.in(1).shape()[0];
  args.k = call.in(1).shape()[1];
  args.m = 1;
  for (int i = 0; i + 1 < call.in(0).ndim(); ++i) args.m *= call.in(0).shape()[i];
  args.a_stride = args.k;
  args.c_stride = args.n;
  return args;
}

// Weights that no compiler packed are packed into scratch.
int64_t scratch_linear(const OpCall& call, const Exec& exec) {
  return Workspace::total({call.in(1).is_plain() ? packed_linear(call.in(1).shape()) : 0, gemm_packed_scratch_bytes(exec, linear_args(call))});
}

void kernel_linear(const KernelCall& call) {
  if (call.out().numel() == 0) return;
  const std::string& activation = call.attrs.string(0);
  const Tensor& weight = call.in(1);
  PackedGemmArgs args = linear_args(call);
  args.packed_b = weight.data<float>();
  if (weight.is_plain()) {
    float* packed = call.workspace.floats(packed_linear(weight.shape()));
    gemm_pack(call.exec, args.n, args.k, args.packed_b, args.k, true, packed);
    args.packed_b = packed;
  }
  args.a = call.in(0).data<float>();
  args.c = call.out().data<float>();
  args.bias = call.has(2) ? call.in(2).data<float>() : nullptr;
  args.residual = call.has(kResidual) ? call.in(kResidual).data<float>() : nullptr;
  using Activation = PackedGemmArgs::Activation;
  args.activation = activation.empty() ? Activation::kNone : activation == "gelu" ? Activation::kGelu : Activation::kClamp;
  args.highest = activation_limit(activation);
  gemm_with_packed(call.exec, args, call.workspace.take(gemm_packed_scratch_bytes(call.exec, args)));
}

// Undoes what broadcasting the batch and taking vectors as matrices did to a gradient.
void set_gradient(GradCall& g, size_t i, const Expr& gradient, const Dims& matrix_shape) {
  Expr reduced = gradient;
  if (!(reduced.shape() == matrix_shape)) reduced = call<"sum_to">(reduced, Attrs{matrix_shape});
  if (!(reduced.shape() == g.in_shape(i))) reduced = call<"reshape">(reduced, Attrs{g.in_shape(i)});
  if (!(reduced.dtype() == g.in_dtype(i))) reduced = call<"cast">(reduced, Attrs{g.in_dtype(i)});
  g.set(i, reduced);
}

// (..., m, k) as (all m, k): what a batch has in common with one matrix is then one product, not a sum of many.
Expr as_rows(const Expr& matrices) {
  const Dims& shape = matrices.shape();
  return call<"reshape">(matrices, Attrs{Dims{matrices.shape().numel() / std::max<int64_t>(shape.back(), 1), shape.back()}});
}

void grad_matmul(GradCall& g) {
  const Shapes shapes = shapes_of(g.in_shape(0), g.in_shape(1), g.attrs);
  const bool ta = shapes.transpose_a, tb = shapes.transpose_b;
  const Expr a = call<"reshape">(g.in(0), Attrs{shapes.a}), b = call<"reshape">(g.in(1), Attrs{shapes.b});
  const Expr dc = call<"reshape">(g.grad(), Attrs{product_shape(shapes)});
  if (g.needs(0)) set_gradient(g, 0, ta ? call<"matmul">(b, dc, Attrs{tb, true}) : call<"matmul">(dc, b, Attrs{false, !tb}), shapes.a);
  if (!g.needs(1)) return;
  const bool shared_b = shapes.b.size() == 2 && shapes.a.size() > 2 && !ta && shapes.k() > 0 && shapes.n() > 0;
  if (shared_b) {
    const Expr rows = as_rows(a), drows = as_rows(dc);
    return set_gradient(g, 1, tb ? call<"matmul">(drows, rows, Attrs{true, false}) : call<"matmul">(rows, drows, Attrs{true, false}), shapes.b);
  }
  set_gradient(g, 1, tb ? call<"matmul">(dc, a, Attrs{true, ta}) : call<"matmul">(a, dc, Attrs{!ta, false}), shapes.b);
}

}  // namespace

void declare_matmul(Registry& registry) {
  registry.add({.name = "matmul", .inputs = {"inp1", "inp2"},
                .attrs = {{"transpose_a", AttrType::kBool, false}, {"transpose_b", AttrType::kBool, false}}, .infer = infer_matmul,
                .layouts = layouts_matmul, .kernel = kernel_matmul, .scratch = scratch_matmul, .gradient = grad_matmul, .saved = {3, 0}, .onnx = "MatMul"});
  registry.add({.name = "linear_fused", .inputs = {"inp", "weight", "bias", "residual"}, .optional_inputs = 2,
                .attrs = {{"activation", AttrType::kString, std::string()}}, .infer = infer_linear, .layouts = layouts_linear,
                .kernel = kernel_linear, .scratch = scratch_linear, .packed_bytes = packed_bytes_linear, .pack = pack_linear, .no_gradient = kNoFusedGradient,
                .in_place = static_cast<int>(kResidual), .onnx_note = kNoFusedOnnx});
}

}  // namespace keima
