// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Owning references to Python objects, and the crossing of errors between the two languages.
#pragma once

#include <Python.h>
#include <pybind11/pybind11.h>

#include <utility>

#include "base/error.h"

namespace keima::python {

class PyRef {
 public:
  PyRef() = default;
  // Takes over a new reference.
  explicit PyRef(PyObject* object) noexcept : object_(object) {}
  static PyRef borrow(PyObject* object) noexcept {
    Py_XINCREF(object);
    return PyRef(object);
  }
  PyRef(const PyRef& other) noexcept : object_(other.object_) { Py_XINCREF(object_); }
  PyRef(PyRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef& operator=(PyRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~PyRef() { Py_XDECREF(object_); }

  PyObject* get() const noexcept { return object_; }
  PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

// Thrown when a Python exception is already set.
class PythonError {};

inline PyRef checked(PyObject* object) {
  if (!object) throw PythonError();
  return PyRef(object);
}
inline void check(int status) {
  if (status < 0) throw PythonError();
}

// Sets the Python exception that belongs to the C++ exception in flight; call in a catch block.
void set_error_from_current() noexcept;

// Runs `body`; on any exception sets the Python error and returns `failure`.
template <class Body, class Result>
Result guarded(Result failure, Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    set_error_from_current();
    return failure;
  }
}
template <class Body>
PyObject* guarded(Body&& body) noexcept {
  return guarded<Body, PyObject*>(nullptr, std::forward<Body>(body));
}

// Errors cross pybind11 as the Python exceptions that the rest of the module raises.
template <class Body>
auto translated(Body&& body) {
  try {
    return body();
  } catch (const pybind11::error_already_set&) {
    throw;
  } catch (...) {
    set_error_from_current();
    throw pybind11::error_already_set();
  }
}

}  // namespace keima::python
