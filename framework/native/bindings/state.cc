// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/state.h"

#include <new>

#include "compiler/format_error.h"

namespace keima::python {
namespace {

PyObject* exception_for(ErrorKind kind) {
  const State& s = state();
  switch (kind) {
    case ErrorKind::kValue: return PyExc_ValueError;
    case ErrorKind::kShape: return s.shape_error.get();
    case ErrorKind::kDtype: return s.dtype_error.get();
    case ErrorKind::kIndex: return PyExc_IndexError;
    case ErrorKind::kTrace: return s.trace_error.get();
    case ErrorKind::kMemory: return PyExc_MemoryError;
    case ErrorKind::kUnsupported: return s.unsupported_error.get();
    case ErrorKind::kRuntime: break;
  }
  return s.keima_error.get();
}

PyRef new_exception(PyObject* module, const char* name, const char* doc, PyObject* base, PyObject* also) {
  PyRef bases = also ? checked(PyTuple_Pack(2, base, also)) : checked(PyTuple_Pack(1, base));
  const std::string qualified = std::string("keima.") + name;
  PyRef type = checked(PyErr_NewExceptionWithDoc(qualified.c_str(), doc, bases.get(), nullptr));
  check(PyModule_AddObjectRef(module, name, type.get()));
  return type;
}

}  // namespace

void init_state(PyObject* module) {
  State& s = state();
  s.keima_error = new_exception(module, "KeimaError", "Base of the framework's own errors.", PyExc_RuntimeError, nullptr);
  s.shape_error = new_exception(module, "ShapeError", "Shapes do not fit each other or the op.", s.keima_error.get(), PyExc_ValueError);
  s.dtype_error = new_exception(module, "DtypeError", "A dtype is not taken here.", s.keima_error.get(), PyExc_TypeError);
  s.format_error = new_exception(module, "FileFormatError", "A file is damaged, cut short, or not what it should be.", s.keima_error.get(),
                                 PyExc_ValueError);
  s.unsupported_error = new_exception(module, "UnsupportedError", "A case that nobody has written.", s.keima_error.get(), nullptr);
  s.trace_error = new_exception(module, "TraceError", "A traced function did what a graph cannot hold, or not what was traced.",
                                s.keima_error.get(), nullptr);
  PyRef numpy = checked(PyImport_ImportModule("numpy"));
  s.numpy_dtype = checked(PyObject_GetAttrString(numpy.get(), "dtype"));
  s.numpy_asarray = checked(PyObject_GetAttrString(numpy.get(), "asarray"));
  s.numpy_generic = checked(PyObject_GetAttrString(numpy.get(), "generic"));
  s.numpy_ndarray = checked(PyObject_GetAttrString(numpy.get(), "ndarray"));
  for (size_t i = 0; i < s.dtypes.size(); ++i) {
    const auto scalar = static_cast<ScalarType>(i);
    PyRef name = checked(PyUnicode_FromString(std::string(DType(scalar).name()).c_str()));
    s.dtypes[i] = scalar == ScalarType::kBfloat16 ? name : checked(PyObject_CallOneArg(s.numpy_dtype.get(), name.get()));
  }
}

void set_error_from_current() noexcept {
  try {
    throw;
  } catch (const PythonError&) {
  } catch (const compiler::FormatError& error) {
    PyErr_SetString(state().format_error.get(), error.what());
  } catch (const Error& error) {
    PyErr_SetString(exception_for(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown error in the native core");
  }
}

}  // namespace keima::python
