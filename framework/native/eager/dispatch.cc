// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/dispatch.h"

#include <algorithm>
#include <cmath>

#include "eager/rematerialization.h"
#include "ops/layout.h"
#include "ops/observer.h"

namespace keima {
namespace {

bool anomaly_mode_on = false;

class OpNode : public TapeNode {
 public:
  OpNode(const Op& op, Attrs attrs) : op_(op), attrs_(std::move(attrs)) {}

  void save(std::span<const Value> inputs, std::span<const Tensor> input_tensors, std::span<const Tensor> outputs);
  void backward(std::span<const Value> out_grads, std::span<const bool> needed, std::span<InputGradient> in_grads) override;
  std::string_view name() const override { return op_.name; }
  void release_saved() noexcept override {
    inputs_.clear();
    outputs_.clear();
  }

 private:
  const Op& op_;
  Attrs attrs_;
  TensorList inputs_;                     // null where not saved
  TensorList outputs_;
  InlineVector<TensorDesc, 3> descs_;
};

void OpNode::save(std::span<const Value> inputs, std::span<const Tensor> input_tensors, std::span<const Tensor> outputs) {
  output_count = static_cast<uint32_t>(outputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& tensor = input_tensors[i];
    const bool keep = op_.saved.inputs >> std::min<size_t>(i, 31) & 1;
    inputs_.push_back(keep ? tensor : Tensor());
    descs_.push_back(tensor ? TensorDesc{tensor.shape(), tensor.dtype()} : TensorDesc{});
    const bool follow = tensor && tensor.dtype().is_float() && tracked(inputs[i]);
    links.push_back(follow ? Link{inputs[i].origin, inputs[i].index} : Link{});
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const bool keep = op_.saved.outputs >> i & 1;
    outputs_.push_back(keep ? outputs[i] : Tensor());
  }
}

void OpNode::backward(std::span<const Value> out_grads, std::span<const bool> needed, std::span<InputGradient> in_grads) {
  if (!op_.gradient) fail(ErrorKind::kUnsupported, op_.name, " cannot be differentiated: ", op_.no_gradient);
  ValueList inputs, outputs;
  for (size_t i = 0; i < inputs_.size(); ++i) inputs.push_back({inputs_[i], links[i].origin, links[i].index});
  // A saved output has this very node as its origin; the reference is made here, since keeping it would be a cycle.
  for (uint32_t i = 0; i < outputs_.size(); ++i) outputs.push_back({outputs_[i], Ref<Origin>(this), i});
  EagerApplier applier;
  GradCall call(op_, attrs_, applier, inputs, descs_, outputs, out_grads, needed, in_grads);
  op_.gradient(call);
}

bool has_nan(const Tensor& tensor) {
  if (!tensor || tensor.is_abstract() || !tensor.dtype().is_float()) return false;
  const Tensor plain = to_contiguous(to_dtype(to_plain(tensor), ScalarType::kFloat32));
  const std::span values(plain.data<const float>(), static_cast<size_t>(plain.numel()));
  return std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); });
}

void check_anomaly(const Op& op, std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  for (const Tensor& output : outputs) {
    if (!has_nan(output)) continue;
    if (std::any_of(inputs.begin(), inputs.end(), has_nan)) return;
    fail(ErrorKind::kRuntime, "anomaly mode: ", op.name, " made a NaN of shape ", output.shape(), " from inputs without one");
  }
}

bool records(const Op& op, std::span<const Value> inputs) {
  if (!Tape::instance().recording()) return false;
  if (!op.gradient && op.no_gradient.empty()) return false;
  return std::any_of(inputs.begin(), inputs.end(), [](const Value& value) {
    return value.tensor && value.tensor.dtype().is_float() && tracked(value);
  });
}

TensorList abstract_outputs(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  TensorList outputs;
  for (const TensorDesc& desc : infer(op, inputs, attrs)) outputs.push_back(Tensor::abstract(desc.shape, desc.dtype));
  return outputs;
}

// What an observer sees must keep its memory, so nothing is donated.
TensorList observed(Observer& observer, const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  TensorList outputs = observer.executes() ? execute(op, inputs, attrs) : abstract_outputs(op, inputs, attrs);
  observer.applied(op, attrs, inputs, outputs);
  return outputs;
}

// Whether results are remembered with how they were made. Nothing is donated then: what was written over could not be
// made again.
bool remembers() { return Rematerializer::instance().enabled() && Tape::instance().recording(); }

TensorList executed(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, uint32_t donated) {
  Rematerializer& rematerializer = Rematerializer::instance();
  if (!rematerializer.enabled()) return execute(op, inputs, attrs, donated);
  rematerializer.touch(inputs);
  return remembers() ? rematerializer.run(op, inputs, attrs, Tape::instance()) : execute(op, inputs, attrs, donated);
}

}  // namespace

void set_anomaly_mode(bool on) noexcept { anomaly_mode_on = on; }
bool anomaly_mode() noexcept { return anomaly_mode_on; }

ValueList apply(const Op& op, std::span<Value> inputs, Attrs attrs, uint32_t donated) {
  const bool record = records(op, inputs);
  // What backward will read must not be overwritten.
  if (record) donated &= ~op.saved.inputs;
  Observer* observer = current_observer();
  if (anomaly_mode_on || observer || remembers()) donated = 0;
  TensorList tensors;
  for (size_t i = 0; i < inputs.size(); ++i)
    tensors.push_back(donated >> i & 1 ? std::move(inputs[i].tensor) : inputs[i].tensor);
  TensorList outputs;
  try {
    outputs = observer ? observed(*observer, op, tensors, attrs) : executed(op, tensors, attrs, donated);
  } catch (...) {  // give back what was donated: nothing was written yet when allocation or a check fails
    for (size_t i = 0; i < inputs.size(); ++i)
      if (donated >> i & 1) inputs[i].tensor = std::move(tensors[i]);
    throw;
  }
  if (anomaly_mode_on) check_anomaly(op, tensors, outputs);

  ValueList values;
  if (!record) {
    for (Tensor& output : outputs) values.push_back({std::move(output), nullptr, 0});
    return values;
  }
  auto node = make_ref<OpNode>(op, std::move(attrs));
  node->save(inputs, tensors, outputs);
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    const bool differentiable = outputs[i].dtype().is_float();
    values.push_back({std::move(outputs[i]), differentiable ? Ref<Origin>(node) : Ref<Origin>(), i});
  }
  return values;
}

ValueList EagerApplier::apply(const Op& op, std::span<const Value> inputs, Attrs attrs) {
  ValueList copies;
  for (const Value& value : inputs) copies.push_back(value);
  return keima::apply(op, copies, std::move(attrs));
}

}  // namespace keima
