// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A call that is recorded as a graph: what it reads, makes and changes of the program's tensors.
#pragma once

#include "bindings/python.h"
#include "bindings/tensor_type.h"

namespace keima::python {

class TraceSession;
// The session that records this thread now, or null: what other threads compute is none of the trace's.
extern constinit thread_local TraceSession* active_session;

void session_read(PyTensor* tensor);
void session_rebinding(PyTensor* tensor);
void session_made(PyTensor* tensor);

// Told by the tensor type; each costs one comparison when nothing records.
inline void note_read(PyTensor* tensor) {
  if (active_session) session_read(tensor);
}
// Before the object gets another value.
inline void note_rebinding(PyTensor* tensor) {
  if (active_session) session_rebinding(tensor);
}
// The object was made from data of the host: its value is a constant of the trace.
inline void note_made(PyTensor* tensor) {
  if (active_session) session_made(tensor);
}

// The tensor, for a reader outside the graph; Error(kTrace) where a trace knows only its shape.
Tensor host_value(PyTensor* tensor);

void bind_trace_session(pybind11::module_& module);

}  // namespace keima::python
