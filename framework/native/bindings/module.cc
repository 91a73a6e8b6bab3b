// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <pybind11/pybind11.h>

#include "base/allocator.h"
#include "base/execution.h"
#include "bindings/autodiff.h"
#include "bindings/convert.h"
#include "bindings/graph.h"
#include "bindings/host_lock.h"
#include "bindings/interop.h"
#include "bindings/op_function.h"
#include "bindings/profiler.h"
#include "bindings/rematerialization.h"
#include "bindings/state.h"
#include "bindings/tensor_type.h"
#include "bindings/trace_session.h"
#include "ops/execute.h"
#include "ops/registry.h"

namespace py = pybind11;

namespace {

using namespace keima;

py::dict memory_stats() {
  const MemoryStats stats = Allocator::instance().stats();
  py::dict result;
  result["allocated"] = stats.allocated;
  result["reserved"] = stats.reserved;
  result["max_allocated"] = stats.max_allocated;
  result["max_reserved"] = stats.max_reserved;
  return result;
}

void bind_ops(py::module_& module) {
  python::State& state = python::state();
  state.op_type = python::make_op_type();
  py::module_ ops = module.def_submodule("ops", "Every registered op as a callable.");
  for (const auto& [name, op] : Registry::instance().all())
    ops.attr(name.c_str()) = py::reinterpret_steal<py::object>(python::make_op_function(*op));
}

void bind_methods(py::module_& module) {
  static PyMethodDef from_dlpack{"from_dlpack", python::from_dlpack, METH_O, "A tensor on another library's memory (DLPack)."};
  module.attr("from_dlpack") = py::reinterpret_steal<py::object>(PyCFunction_New(&from_dlpack, nullptr));
  // Methods of Tensor that are written in Python; called once, by keima.tensor.
  module.def("add_tensor_methods", [](const py::dict& methods) {
    auto* type = reinterpret_cast<PyObject*>(python::state().tensor_type);
    for (const auto& [name, method] : methods)
      if (PyObject_SetAttr(type, name.ptr(), method.ptr()) < 0) throw py::error_already_set();
  });
}

void bind_device(py::module_& module) {
  static PyMethodDef check_device{"check_device", [](PyObject*, PyObject* name) {
    return python::guarded([&] {
      python::check_device(name);
      return Py_NewRef(Py_None);
    });
  }, METH_O, "Raises UnsupportedError unless the argument is None or names the CPU."};
  module.attr("check_device") = py::reinterpret_steal<py::object>(PyCFunction_New(&check_device, nullptr));
  module.def("memory_stats", &memory_stats, "Bytes of the caching allocator, by name.");
  module.def("reset_max_memory_stats", [] { Allocator::instance().reset_max(); });
  module.def("trim_memory", [] { Allocator::instance().trim(); }, "Returns cached memory to the system.");
  module.def("set_memory_limit", [](int64_t bytes) { Allocator::instance().set_limit(bytes); });
  module.def("isa", [] { return std::string(name_of(default_exec().isa)); }, "The instruction set that kernels use.");
  module.def("num_threads", [] { return default_exec().parallel.threads; });
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.doc() = "Keima's native core.";
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) throw py::import_error("keima works in the main interpreter only");
  try {
    python::init_state(module.ptr());
    python::install_host_lock();
    python::state().tensor_type = python::make_tensor_type(module.ptr());
    bind_ops(module);
    bind_methods(module);
    python::bind_autodiff(module);
    python::bind_rematerialization(module);
    python::bind_graph(module);
    python::bind_trace_session(module);
    python::bind_profiler(module);
    bind_device(module);
  } catch (const py::error_already_set&) {
    throw;
  } catch (...) {
    python::set_error_from_current();
    throw py::error_already_set();
  }
}
