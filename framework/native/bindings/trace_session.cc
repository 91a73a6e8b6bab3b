// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/trace_session.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "bindings/convert.h"
#include "compiler/recorder.h"

namespace py = pybind11;

namespace keima::python {

using compiler::Graph;
using compiler::Recorder;

// One recording of one call. Tensor objects of the program that the call reads are captured: inputs of the graph that
// are read anew at each run, or constants. Objects that hold a value of the graph at the end are updates: a run gives
// them that value.
class TraceSession {
 public:
  TraceSession(bool executes, bool capture_as_const, std::shared_ptr<const Graph> expected)
      : expected_(std::move(expected)), recorder_(executes, expected_.get()), capture_as_const_(capture_as_const) {}
  ~TraceSession() { pause(); }
  TraceSession(const TraceSession&) = delete;
  TraceSession& operator=(const TraceSession&) = delete;

  void resume() {
    active_session = this;
    set_observer(&recorder_);
  }
  void pause() noexcept {
    if (active_session != this) return;
    active_session = nullptr;
    set_observer(nullptr);
  }

  // An argument of the call, as the object that the function is to get: one of its own, since what was given may be captured
  // too, under another number. Gradients still go to what was given.
  py::object input(py::handle object) {
    return translated([&] {
      PyTensor* given = tensor_argument(object, "trace");
      note(given);
      const Tensor& value = given->value.tensor;
      const Tensor own = recorder_.executes() ? value.alias() : Tensor::abstract(value.shape(), value.dtype());
      recorder_.add_input(own);
      py::object made = py::reinterpret_steal<py::object>(wrap({own, given->value.origin, given->value.index}));
      as_tensor(made.ptr())->leaf = given->leaf;
      arguments_.push_back({py::reinterpret_borrow<py::object>(object), made, own});
      return made;
    });
  }

  void read(PyTensor* tensor) {
    const Tensor& value = tensor->value.tensor;
    if (recorder_.knows(value)) return;
    note(tensor);
    if (capture_as_const_ && !anew_.contains(reinterpret_cast<PyObject*>(tensor))) {
      constants_.append(py::make_tuple(recorder_.add_constant(value), py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(tensor))));
      return;
    }
    recorder_.add_input(value);
    captured_.append(py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(tensor)));
  }
  void rebinding(PyTensor* tensor) { note(tensor); }
  void made(PyTensor* tensor) {
    if (!recorder_.knows(tensor->value.tensor)) recorder_.add_constant(tensor->value.tensor);
  }
  void host_read(const Tensor& tensor) {
    if (recorder_.knows(tensor)) recorder_.obstruct("the value of a traced tensor was read on the host (numpy(), item(), a condition)");
  }
  // What `make` returns, as if it stood there before the call: an input of the graph, even where tensors become constants.
  py::object made_outside(const py::function& make) {
    pause();
    const Resuming resumed{*this};
    py::object made = make();
    anew_.insert(reinterpret_cast<PyObject*>(tensor_argument(made, "trace")));
    kept_.append(made);
    return made;
  }

  // [(value, object)]: which objects of the program became constants.
  const py::list& constants() const { return constants_; }

  // (graph, captured objects, [(object, whether its gradient)]): the graph returns `outputs`, then the updates. An argument
  // that gets another value stands there as its number.
  py::tuple finish(const py::list& outputs) {
    return translated([&] {
      std::vector<Tensor> returned;
      for (const auto& output : outputs) returned.push_back(value_of(tensor_argument(output, "trace")).tensor);
      const py::list updates = find_updates(returned);
      find_stale_gradients();
      pause();
      if (recorder_.executes()) change_arguments();
      const std::string obstacle = recorder_.obstacle();
      auto graph = std::make_shared<Graph>(recorder_.finish(returned));
      return py::make_tuple(graph, captured_, updates, obstacle);
    });
  }

  // Whether a gradient manager outside of the call follows what it reads.
  bool reads_tracked() const {
    return std::any_of(seen_.begin(), seen_.end(), [](const Seen& seen) {
      const Ref<Leaf>& leaf = as_tensor(seen.object.ptr())->leaf;
      return tracked(seen.before) || (leaf && leaf->live());
    });
  }

  // Gives every object the value that it had before, after a call that failed or that ran without values.
  void restore() {
    pause();
    for (const Seen& seen : seen_) {
      PyTensor* tensor = as_tensor(seen.object.ptr());
      tensor->value = seen.before;
      py::setattr(seen.object, "grad", seen.gradient ? seen.gradient : py::none());
    }
  }

 private:
  struct Argument {
    py::object given, made;
    Tensor before;

    const Value& value() const { return as_tensor(made.ptr())->value; }
    bool is_changed() const { return !(value().tensor == before); }
  };
  struct Resuming {
    TraceSession& session;
    ~Resuming() { session.resume(); }
  };
  struct Seen {
    py::object object;
    Value before;
    py::object gradient;
  };

  void note(PyTensor* tensor) {
    auto* object = reinterpret_cast<PyObject*>(tensor);
    if (!known_.insert(object).second) return;
    seen_.push_back({py::reinterpret_borrow<py::object>(object), tensor->value,
                     tensor->grad ? py::reinterpret_borrow<py::object>(tensor->grad) : py::object()});
  }

  // The values of arguments at the end of a call that computes.
  void change_arguments() const {
    if (capture_as_const_) return;
    for (const Argument& argument : arguments_)
      if (argument.is_changed()) rebind(as_tensor(argument.given.ptr()), argument.value());
  }

  bool is_argument(const py::object& object) const {
    return std::any_of(arguments_.begin(), arguments_.end(), [&](const Argument& argument) { return argument.given.is(object); });
  }

  py::list find_updates(std::vector<Tensor>& returned) {
    py::list updates;
    if (capture_as_const_) return updates;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      if (!arguments_[i].is_changed()) continue;
      updates.append(py::make_tuple(i, false));
      returned.push_back(arguments_[i].value().tensor);
    }
    for (const Seen& seen : seen_) {
      if (Py_REFCNT(seen.object.ptr()) == 1) continue;  // made and dropped inside the call
      const PyTensor* tensor = as_tensor(seen.object.ptr());
      if (recorder_.knows(tensor->value.tensor) && !(tensor->value.tensor == seen.before.tensor)) {
        updates.append(py::make_tuple(seen.object, false));
        returned.push_back(tensor->value.tensor);
      }
      const PyTensor* gradient = tensor->grad ? as_tensor(tensor->grad) : nullptr;
      if (gradient && recorder_.knows(gradient->value.tensor)) {
        if (is_argument(seen.object))
          recorder_.obstruct("the gradient of an argument goes to the tensor that was given at the first call: attach a tensor made inside, and return its gradient");
        updates.append(py::make_tuple(seen.object, true));
        returned.push_back(gradient->value.tensor);
      }
    }
    return updates;
  }

  // A gradient that was there before and was read would be the same old tensor at every run.
  void find_stale_gradients() {
    std::unordered_set<PyObject*> gradients;
    for (const Seen& seen : seen_)
      if (seen.gradient) gradients.insert(seen.gradient.ptr());
    for (const auto& object : captured_)
      if (gradients.contains(object.ptr()))
        recorder_.obstruct("it adds to gradients from before the call: call clear_grad() inside the traced function, before backward()");
  }

  std::shared_ptr<const Graph> expected_;
  Recorder recorder_;
  const bool capture_as_const_;
  std::vector<Argument> arguments_;
  std::vector<Seen> seen_;
  std::unordered_set<PyObject*> known_;
  std::unordered_set<PyObject*> anew_;  // held by kept_
  py::list kept_;
  py::list captured_;
  py::list constants_;
};

constinit thread_local TraceSession* active_session = nullptr;

void session_read(PyTensor* tensor) { active_session->read(tensor); }
void session_rebinding(PyTensor* tensor) { active_session->rebinding(tensor); }
void session_made(PyTensor* tensor) { active_session->made(tensor); }

Tensor host_value(PyTensor* self) {
  const Tensor& tensor = self->value.tensor;
  if (!tensor) fail(ErrorKind::kRuntime, "this tensor was never initialised: Tensor.__init__ did not run or failed");
  if (tensor.is_abstract())
    fail(ErrorKind::kTrace, "a traced function read the value of a tensor of shape ", tensor.shape(),
         ", which is not known while a symbolic trace records; return it instead, or trace with symbolic=False");
  if (active_session) active_session->host_read(tensor);
  tensor.storage()->cut_off();  // a reader outside may keep the pointer
  return tensor;
}

void bind_trace_session(py::module_& module) {
  py::class_<TraceSession>(module, "TraceSession", "One recording of one call.")
      .def(py::init<bool, bool, std::shared_ptr<Graph>>(), py::arg("executes"), py::arg("capture_as_const"), py::arg("expected") = nullptr)
      .def("resume", &TraceSession::resume)
      .def("pause", &TraceSession::pause)
      .def("input", &TraceSession::input)
      .def("finish", &TraceSession::finish)
      .def_property_readonly("constants", &TraceSession::constants)
      .def("reads_tracked", &TraceSession::reads_tracked, "Whether a gradient manager outside follows what the call reads.")
      .def("restore", &TraceSession::restore)
      .def_static("current", [] { return active_session; }, py::return_value_policy::reference, "The one that records this thread now, or None.")
      .def("made_outside", &TraceSession::made_outside, py::arg("make"), "What make() gives, as a tensor that was there before the call.");
  module.def("is_tracing", [] { return active_session != nullptr; }, "Whether a trace records this thread now.");
}

}  // namespace keima::python
