// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Steps of optimizers: a parameter and its state to the next ones.
#include "kernels/optimizer/optimizer.h"

#include <string_view>

#include "ops/families.h"
#include "ops/layout.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr const char* kNoGradient = "a step of an optimizer is not differentiated; write it with elementwise ops where it is";

// The last input: `count` numbers that change from step to step, in place of the attributes, for graphs that run again.
bool has_numbers(const OpCall& call) { return call.has(call.op.inputs.size() - 1); }

void check_numbers(const OpCall& call, int64_t count) {
  const size_t last = call.op.inputs.size() - 1;
  if (!call.has(last)) return;
  require_float32(call, last);
  if (!(call.in(last).shape() == Dims{count}))
    fail(ErrorKind::kShape, call.op.name, ": expected ", call.op.inputs[last], " of shape ", Dims{count}, ", got ", call.in(last).shape());
}

// All other tensors float32 and of the parameter's shape; an output for each but the gradient (input 1).
template <int64_t numbers>
void infer_step(const OpCall& call, DescList& out) {
  const Tensor& param = call.in(0);
  check_numbers(call, numbers);
  for (size_t i = 0; i + 1 < call.op.inputs.size(); ++i) {
    const Tensor& x = call.in(i);
    require_float32(call, i);
    if (!(x.shape() == param.shape()))
      fail(ErrorKind::kShape, call.op.name, ": ", call.op.inputs[i], " has shape ", x.shape(), ", the parameter ", param.shape());
    if (i != 1) out.push_back({x.shape(), x.dtype()});
  }
}

float real(const OpCall& call, std::string_view name) { return static_cast<float>(call.attrs.real(call.op.attr(name))); }

float number(const OpCall& call, int64_t i, std::string_view name) {
  return has_numbers(call) ? call.in(call.op.inputs.size() - 1).data<float>()[i] : real(call, name);
}

void kernel_sgd(const KernelCall& call) {
  sgd_step(call.exec, {.n = call.in(0).numel(), .param = call.in(0).data<float>(), .grad = call.in(1).data<float>(),
                       .velocity = call.in(2).data<float>(), .new_param = call.out(0).data<float>(), .new_velocity = call.out(1).data<float>(),
                       .rate = number(call, 0, "lr"), .momentum = real(call, "momentum"), .weight_decay = real(call, "weight_decay"),
                       .nesterov = call.attrs.flag(call.op.attr("nesterov"))});
}

void kernel_adam(const KernelCall& call) {
  const double beta1 = call.attrs.real(call.op.attr("beta1")), beta2 = call.attrs.real(call.op.attr("beta2"));
  adam_step(call.exec, {.n = call.in(0).numel(), .param = call.in(0).data<float>(), .grad = call.in(1).data<float>(),
                        .first = call.in(2).data<float>(), .second = call.in(3).data<float>(), .new_param = call.out(0).data<float>(),
                        .new_first = call.out(1).data<float>(), .new_second = call.out(2).data<float>(), .rate = number(call, 0, "rate"),
                        .beta1 = static_cast<float>(beta1), .beta2 = static_cast<float>(beta2), .one_minus_beta1 = static_cast<float>(1 - beta1),
                        .one_minus_beta2 = static_cast<float>(1 - beta2), .eps = real(call, "eps"), .correction = number(call, 1, "correction"),
                        .weight_decay = real(call, "weight_decay"), .shrink = number(call, 2, "shrink")});
}

std::vector<AttrDecl> reals(std::initializer_list<const char*> names) {
  std::vector<AttrDecl> attrs;
  for (const char* name : names) attrs.push_back({name, AttrType::kFloat, std::nullopt});
  return attrs;
}

}  // namespace

void declare_optimizer(Registry& registry) {
  std::vector<AttrDecl> sgd = reals({"lr", "momentum", "weight_decay"});
  sgd.push_back({"nesterov", AttrType::kBool, false});
  const char* note = "training happens before export";
  registry.add({.name = "sgd_step", .inputs = {"param", "grad", "velocity", "numbers"}, .optional_inputs = 1, .attrs = sgd, .outputs = 2, .infer = infer_step<1>, .kernel = kernel_sgd,
                .no_gradient = kNoGradient, .onnx_note = note});
  registry.add({.name = "adam_step", .inputs = {"param", "grad", "first", "second", "numbers"}, .optional_inputs = 1,
                .attrs = reals({"rate", "beta1", "beta2", "eps", "correction", "weight_decay", "shrink"}), .outputs = 3, .infer = infer_step<3>,
                .kernel = kernel_adam, .no_gradient = kNoGradient, .onnx_note = note});
}

}  // namespace keima
