// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/autodiff.h"

#include <optional>
#include <utility>
#include <vector>

#include "bindings/python.h"
#include "bindings/tensor_type.h"
#include "eager/backward.h"
#include "eager/dispatch.h"
#include "ops/layout.h"

namespace py = pybind11;

namespace keima::python {
namespace {

Value ones_like(const Tensor& tensor) { return {filled(tensor.shape(), 1.0, tensor.dtype()), nullptr, 0}; }

// One GradManager's hold on the tape.
class GradSession {
 public:
  ~GradSession() { end(); }

  // Returns the position that `backward` will report this tensor's gradient under.
  size_t attach(py::handle object) {
    return translated([&] {
      PyTensor* tensor = tensor_argument(object, "attach");
      if (!tensor->value.tensor.dtype().is_float())
        fail(ErrorKind::kDtype, "attach: expected a float tensor, got ", tensor->value.tensor.dtype(), "; gradients exist for floats only");
      if (!tensor->leaf) tensor->leaf = make_ref<Leaf>();
      leaves_.push_back(tensor->leaf);
      if (tape_) ++leaves_.back()->sessions;
      return leaves_.size() - 1;
    });
  }

  void begin() {
    if (tape_) return;
    tape_ = Ref<Tape>(&Tape::instance());
    tape_->begin_session();
    for (const auto& leaf : leaves_) ++leaf->sessions;
  }

  void end() noexcept {
    if (!tape_) return;
    for (const auto& leaf : leaves_) --leaf->sessions;
    std::exchange(tape_, {})->end_session();
  }

  bool recording() const noexcept { return static_cast<bool>(tape_); }

  void backward(const py::list& ys, const py::list& dys, const py::function& on_gradient) {
    translated([&] {
      const std::vector<Root> roots = make_roots(ys, dys);
      // Another session that records wants this pass on the tape too (higher-order gradients).
      const bool keep_graph = Tape::instance().sessions() > 1;
      const Tape::Busy busy(Tape::instance());
      std::optional<Tape::Hide> hide;
      if (!keep_graph) hide.emplace(Tape::instance());
      keima::backward(roots, leaves_, keep_graph, [&](size_t position, Value gradient) {
        on_gradient(position, py::reinterpret_steal<py::object>(wrap(std::move(gradient))));
      });
    });
  }

 private:
  static std::vector<Root> make_roots(const py::list& ys, const py::list& dys) {
    std::vector<Root> roots;
    for (size_t i = 0; i < ys.size(); ++i) {
      const Value y = value_of(tensor_argument(ys[i], "backward: y"));
      const Value dy = dys[i].is_none() ? ones_like(y.tensor) : value_of(tensor_argument(dys[i], "backward: dy"));
      if (!(dy.tensor.shape() == y.tensor.shape()))
        fail(ErrorKind::kShape, "backward: dy has shape ", dy.tensor.shape(), ", expected that of y, ", y.tensor.shape());
      roots.push_back({y, dy});
    }
    return roots;
  }

  std::vector<Ref<Leaf>> leaves_;
  Ref<Tape> tape_;  // that this session records on: its thread's
};

// A gradient that Python computes.
class FunctionNode : public TapeNode {
 public:
  FunctionNode(std::string name, py::function backward) : name_(std::move(name)), backward_(std::move(backward)) {}

  void backward(std::span<const Value> out_grads, std::span<const bool> needed, std::span<InputGradient> in_grads) override {
    py::tuple arguments(out_grads.size());
    for (size_t i = 0; i < out_grads.size(); ++i)
      arguments[i] = out_grads[i] ? py::reinterpret_steal<py::object>(wrap(out_grads[i])) : py::none();
    const py::sequence gradients = backward_(arguments);
    if (gradients.size() != in_grads.size())
      fail(ErrorKind::kValue, name_, ".backward: expected ", in_grads.size(), " gradients, one for each input, got ", gradients.size());
    for (size_t i = 0; i < in_grads.size(); ++i) {
      const py::object gradient = gradients[i];
      if (!needed[i] || gradient.is_none()) continue;
      const Value value = value_of(tensor_argument(gradient, name_ + ".backward"));
      if (!(value.tensor.shape() == shapes[i]))
        fail(ErrorKind::kShape, name_, ".backward: gradient ", i, " has shape ", value.tensor.shape(), ", its input has ", shapes[i]);
      if (!(value.tensor.dtype() == dtypes[i]))
        fail(ErrorKind::kDtype, name_, ".backward: gradient ", i, " is ", value.tensor.dtype(), ", its input is ", dtypes[i]);
      in_grads[i].value = value;
    }
  }
  std::string_view name() const override { return name_; }
  void release_saved() noexcept override { backward_ = py::function(); }

  // Of the inputs.
  std::vector<Dims> shapes;
  std::vector<DType> dtypes;

 private:
  std::string name_;
  py::function backward_;
};

// Makes `outputs`, computed off the tape, depend on `inputs` with the gradient that `backward` computes.
void record_function(const py::list& inputs, const py::list& outputs, py::function backward, const std::string& name) {
  translated([&] {
    if (!Tape::instance().recording()) return;
    auto node = make_ref<FunctionNode>(name, std::move(backward));
    bool any = false;
    for (const auto& input : inputs) {
      const Value value = is_tensor(input.ptr()) ? value_of(as_tensor(input.ptr())) : Value{};
      const bool follow = value && value.tensor.dtype().is_float() && tracked(value);
      any = any || follow;
      node->links.push_back(follow ? TapeNode::Link{value.origin, value.index} : TapeNode::Link{});
      node->shapes.push_back(value ? value.tensor.shape() : Dims());
      node->dtypes.push_back(value ? value.tensor.dtype() : DType());
    }
    if (!any) return;
    node->output_count = static_cast<uint32_t>(outputs.size());
    for (uint32_t i = 0; i < outputs.size(); ++i) {
      Value& value = tensor_argument(outputs[i], name + ".forward")->value;
      if (value.tensor.dtype().is_float()) value = {value.tensor, Ref<Origin>(node), i};
    }
  });
}

}  // namespace

void bind_autodiff(py::module_& module) {
  py::class_<GradSession>(module, "GradSession", "One gradient manager's hold on the tape.")
      .def(py::init<>())
      .def("attach", &GradSession::attach)
      .def("begin", &GradSession::begin)
      .def("end", &GradSession::end)
      .def("backward", &GradSession::backward)
      .def_property_readonly("recording", &GradSession::recording);
  module.def("record_function", &record_function);
  module.def("pause_recording", [] { Tape::instance().pause(); });
  module.def("resume_recording", [] { translated([] { Tape::instance().resume(); }); });
  module.def("is_recording", [] { return Tape::instance().recording(); });
  module.def("tape_size", [] { return Tape::instance().size(); }, "Number of live entries on the gradient tape.");
  module.def("is_tracked", [](py::handle object) { return translated([&] { return tracked(value_of(tensor_argument(object, "is_tracked"))); }); });
  module.def("set_anomaly_mode", &set_anomaly_mode);
  module.def("anomaly_mode", &anomaly_mode);
}

}  // namespace keima::python
