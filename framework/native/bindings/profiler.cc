// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/profiler.h"

#include <string>

#include "bindings/convert.h"
#include "ops/profile.h"

namespace py = pybind11;

namespace keima::python {
namespace {

using profile::Category;
using profile::Event;

const char* name_of(Category category) {
  switch (category) {
    case Category::kOp: return "op";
    case Category::kConversion: return "conversion";
    case Category::kGradient: return "gradient";
    case Category::kPass: return "pass";
    case Category::kGraph: return "graph";
    case Category::kScope: return "scope";
  }
  return "";
}

py::str string(std::string_view text) { return py::str(text.data(), text.size()); }

py::tuple event_tuple(const Event& event) {
  py::tuple operands(event.operands);
  for (size_t i = 0; i < event.operands; ++i) operands[i] = shape_tuple(event.shapes[i]);
  return py::make_tuple(name_of(event.category), string(event.name), string(event.forward), event.step, event.start, event.end, event.cost.flops,
                        event.cost.bytes_in, event.cost.bytes_out, operands, shape_tuple(event.shapes[event.operands]));
}

py::tuple stop() {
  return translated([] {
    const profile::Record record = profile::stop();
    py::list threads;
    for (const profile::ThreadRecord& thread : record.threads) {
      py::list events;
      for (const Event& event : thread.events) events.append(event_tuple(event));
      threads.append(py::make_tuple(thread.id, events));
    }
    return py::make_tuple(threads, record.dropped, record.start, record.end);
  });
}

// The scope of this name, which this recording saw begin, is over.
void note_scope(const std::string& name, int64_t start, uint64_t recording) {
  Event event{.category = Category::kScope, .name = profile::keep(name, recording)};
  event.start = start;
  event.end = profile::now_ns();
  profile::note(std::move(event), recording);
}

}  // namespace

void bind_profiler(py::module_& module) {
  py::module_ profiler = module.def_submodule("profiler", "What ran when.");
  profiler.def("start", [](int64_t most_events) { translated([&] { profile::start(most_events); }); }, py::arg("most_events"));
  profiler.def("stop", &stop,
               "([(thread, [(category, name, forward, step, start, end, flops, bytes read, bytes written, shapes of operands, shape of the result)])], "
               "events dropped, start, end); times in ns.");
  profiler.def("recording", [] { return profile::current(); }, "The number of the recording that runs, or 0.");
  profiler.def("now", [] { return profile::now_ns(); }, "ns of the clock of events.");
  profiler.def("note_scope", &note_scope, py::arg("name"), py::arg("start"), py::arg("recording"));
}

}  // namespace keima::python
