// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/rematerialization.h"

#include "eager/rematerialization.h"

namespace py = pybind11;

namespace keima::python {

void bind_rematerialization(py::module_& module) {
  py::module_ dtr = module.def_submodule("dtr", "Dynamic tensor rematerialisation.");
  static Rematerializer& rematerializer = Rematerializer::instance();
  dtr.def("enable", [](bool on) { rematerializer.enable(on); });
  dtr.def("is_enabled", [] { return rematerializer.enabled(); });
  dtr.def("set_budget", [](int64_t bytes) { rematerializer.set_budget(bytes); });
  dtr.def("budget", [] { return rematerializer.budget(); });
  dtr.def("set_smallest", [](int64_t bytes) { rematerializer.set_smallest(bytes); });
  dtr.def("smallest", [] { return rematerializer.smallest(); });
  dtr.def("set_samples", [](bool on) { rematerializer.set_samples(on); });
  dtr.def("samples", [] { return rematerializer.samples(); });
  dtr.def("counts", [] { return py::make_tuple(rematerializer.counts().evictions, rematerializer.counts().recomputations); },
          "(values that gave their memory up, ops that ran again) since the start.");
}

}  // namespace keima::python
