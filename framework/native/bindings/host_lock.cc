// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/host_lock.h"

#include <Python.h>
#include <cxxabi.h>
#include <unistd.h>

#include "base/host_lock.h"

namespace keima::python {
namespace {

bool held() noexcept { return PyGILState_Check() != 0; }

void* release() noexcept { return PyEval_SaveThread(); }

[[noreturn]] void wait_for_exit() noexcept {
  while (true) pause();
}

// A daemon thread that comes back while the interpreter shuts down is ended by Python before 3.14 (pthread_exit), which
// would unwind through C++ code that must not throw and abort the process. It waits for the end of the process instead,
// as 3.14 has it do.
void acquire(void* state) noexcept {
  try {
    PyEval_RestoreThread(static_cast<PyThreadState*>(state));
  } catch (abi::__forced_unwind&) {
    wait_for_exit();
  }
}

}  // namespace

void install_host_lock() { set_host_lock({held, release, acquire}); }

HoldGil::HoldGil() noexcept : held_(Py_IsInitialized() != 0) {
  if (held_) state_ = PyGILState_Ensure();
}

HoldGil::~HoldGil() {
  if (held_) PyGILState_Release(static_cast<PyGILState_STATE>(state_));
}

}  // namespace keima::python
