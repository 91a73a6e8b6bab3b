// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/convert.h"

#include <cmath>
#include <cstring>

#include "bindings/state.h"
#include "bindings/tensor_type.h"
#include "eager/dispatch.h"
#include "ops/layout.h"

namespace keima::python {
namespace {

std::string string_of(PyObject* object) {
  PyRef text = checked(PyObject_Str(object));
  const char* utf8 = PyUnicode_AsUTF8(text.get());
  if (!utf8) throw PythonError();
  return utf8;
}

[[noreturn]] void refuse_dtype(const std::string& name) {
  if (name == "float64" || name == "int64")
    fail(ErrorKind::kDtype, "dtype ", name, " is not supported: tensors hold ", name == "float64" ? "float32" : "int32",
         " at most; leave dtype out to convert");
  fail(ErrorKind::kDtype, "dtype '", name, "' is not supported; expected one of ", dtype_names());
}

// An object with __index__ as 64 bits.
int64_t integer_from(PyObject* object, std::string_view what) {
  const auto value = static_cast<int64_t>(PyNumber_AsSsize_t(object, PyExc_OverflowError));
  if (value != -1 || !PyErr_Occurred()) return value;
  if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw PythonError();
  PyErr_Clear();
  fail(ErrorKind::kValue, what, ": ", string_of(object), " does not fit 64 bits");
}

double double_from(PyObject* object) {
  const double value = PyFloat_AsDouble(object);
  if (value == -1.0 && PyErr_Occurred()) throw PythonError();
  return value;
}

struct Buffer {
  explicit Buffer(PyObject* object) { check(PyObject_GetBuffer(object, &view, PyBUF_STRIDED_RO | PyBUF_FORMAT)); }
  ~Buffer() { PyBuffer_Release(&view); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Py_buffer view;
};

// Copies a strided array of From to contiguous To.
template <class From, class To>
void copy_strided(const Py_buffer& view, int axis, const char* source, To*& out) {
  if (axis == view.ndim) {
    From value;
    std::memcpy(&value, source, sizeof value);
    if constexpr (std::is_same_v<From, int64_t>)
      if (value < INT32_MIN || value > INT32_MAX)
        fail(ErrorKind::kValue, "the integer ", value, " does not fit int32, in which tensors hold int64 data; convert the array first");
    *out++ = static_cast<To>(value);
    return;
  }
  for (Py_ssize_t i = 0; i < view.shape[axis]; ++i) copy_strided<From>(view, axis + 1, source + i * view.strides[axis], out);
}

template <class From, class To>
Tensor copy_buffer(const Py_buffer& view, const Dims& shape, ScalarType scalar) {
  Tensor tensor = Tensor::empty(shape, scalar);
  auto* out = tensor.data<To>();
  const auto* source = static_cast<const char*>(view.buf);
  if constexpr (std::is_same_v<From, To>) {
    if (PyBuffer_IsContiguous(&view, 'C')) {
      std::memcpy(out, source, static_cast<size_t>(view.len));
      return tensor;
    }
  }
  copy_strided<From>(view, 0, source, out);
  return tensor;
}

Tensor tensor_from_buffer(const Py_buffer& view, const std::string& dtype_name) {
  Dims shape;
  for (int i = 0; i < view.ndim; ++i) shape.push_back(view.shape[i]);
  if (dtype_name == "float64") return copy_buffer<double, float>(view, shape, ScalarType::kFloat32);
  if (dtype_name == "int64") return copy_buffer<int64_t, int32_t>(view, shape, ScalarType::kInt32);
  const auto dtype = dtype_from_name(dtype_name);
  if (!dtype) refuse_dtype(dtype_name);
  switch (dtype->itemsize()) {
    case 4: return copy_buffer<uint32_t, uint32_t>(view, shape, dtype->scalar());
    case 2: return copy_buffer<uint16_t, uint16_t>(view, shape, dtype->scalar());
    default: return copy_buffer<uint8_t, uint8_t>(view, shape, dtype->scalar());
  }
}

Tensor tensor_from_python_scalar(PyObject* object) {
  if (PyBool_Check(object)) return scalar_tensor(object == Py_True, ScalarType::kBool);
  if (PyFloat_Check(object)) return scalar_tensor(PyFloat_AS_DOUBLE(object), ScalarType::kFloat32);
  const double value = double_from(object);
  if (!DType(ScalarType::kInt32).holds(value))
    fail(ErrorKind::kValue, "the integer ", string_of(object), " does not fit int32; pass a float or a smaller number");
  return scalar_tensor(value, ScalarType::kInt32);
}

// A sequence that holds tensors: stacked by way of NumPy, which asks each for its buffer. Bytes are in this machine's order.
PyRef as_array(PyObject* object) {
  PyRef array = checked(PyObject_CallOneArg(state().numpy_asarray.get(), object));
  PyRef dtype = checked(PyObject_GetAttrString(array.get(), "dtype"));
  if (PyRef(checked(PyObject_GetAttrString(dtype.get(), "isnative"))).get() != Py_True) {
    dtype = checked(PyObject_CallMethod(dtype.get(), "newbyteorder", "s", "="));
    array = checked(PyObject_CallMethod(array.get(), "astype", "O", dtype.get()));
  }
  if (string_of(dtype.get()) == "object")
    fail(ErrorKind::kValue, "expected numbers or nested sequences of equal lengths, got a ", Py_TYPE(object)->tp_name,
         " that NumPy reads as an array of objects");
  return array;
}

}  // namespace

void check_device(PyObject* object) {
  if (object == Py_None) return;
  if (!PyUnicode_Check(object)) fail(ErrorKind::kDtype, "device: expected a string such as 'cpu0', got a ", Py_TYPE(object)->tp_name);
  const std::string name = string_of(object);
  const std::string_view head = std::string_view(name).substr(0, name.find(':'));  // "multithread:default:0"
  for (const std::string_view known : {"cpu", "cpu0", "cpux", "xpu", "xpu0", "xpux", "multithread", "multithread0"})
    if (head == known) return;
  fail(ErrorKind::kUnsupported, "device '", name, "' is not available: expected 'cpu0', the one device here");
}

DType parse_dtype(PyObject* object) {
  std::string name;
  if (PyUnicode_Check(object)) {
    name = string_of(object);
  } else {
    PyRef dtype(PyObject_CallOneArg(state().numpy_dtype.get(), object));
    if (!dtype) {
      PyErr_Clear();
      fail(ErrorKind::kDtype, "expected a dtype (", dtype_names(), "), got a ", Py_TYPE(object)->tp_name);
    }
    name = string_of(PyRef(checked(PyObject_GetAttrString(dtype.get(), "name"))).get());
    // Python's own number types mean the framework's default widths, as they do on creation.
    if (object == reinterpret_cast<PyObject*>(&PyFloat_Type)) name = "float32";
    if (object == reinterpret_cast<PyObject*>(&PyLong_Type)) name = "int32";
  }
  const auto dtype = dtype_from_name(name);
  if (!dtype) refuse_dtype(name);
  return *dtype;
}

PyObject* dtype_object(const DType& dtype) {
  if (dtype.is_quantized()) return PyUnicode_FromString(std::string(dtype.name()).c_str());
  return Py_NewRef(state().dtypes[static_cast<size_t>(dtype.scalar())].get());
}

Tensor tensor_from(PyObject* object, const DType* dtype) {
  Tensor tensor;
  if (is_tensor(object)) {
    const Value value{value_of(as_tensor(object)).tensor, nullptr, 0};
    return dtype && !(value.tensor.dtype() == *dtype) ? apply1(op_of<"cast">(), {value}, Attrs{*dtype}).tensor : value.tensor;
  } else if (PyBool_Check(object) || PyLong_CheckExact(object) || PyFloat_CheckExact(object)) {
    if (dtype && dtype->is_float()) return scalar_tensor(double_from(object), *dtype);
    tensor = tensor_from_python_scalar(object);
  } else {
    PyRef array = as_array(object);
    PyRef array_dtype = checked(PyObject_GetAttrString(array.get(), "dtype"));
    const std::string name = string_of(array_dtype.get());
    const Buffer buffer(array.get());
    tensor = tensor_from_buffer(buffer.view, name);
  }
  return dtype ? to_dtype(tensor, *dtype) : tensor;
}

bool is_python_scalar(PyObject* object) noexcept { return PyFloat_Check(object) || PyLong_Check(object); }

Tensor scalar_beside(PyObject* object, const DType& beside, std::string_view op) {
  if (beside.is_quantized()) fail(ErrorKind::kDtype, op, ": a Python number cannot stand beside a quantized tensor; dequantize first");
  const double value = double_from(object);
  if (beside.is_float()) return scalar_tensor(value, beside);
  if (PyFloat_Check(object)) return scalar_tensor(value, ScalarType::kFloat32);
  if (beside.is_bool()) return scalar_tensor(value, PyBool_Check(object) ? ScalarType::kBool : ScalarType::kInt32);
  if (!beside.holds(value))
    fail(ErrorKind::kValue, op, ": the integer ", string_of(object), " does not fit ", beside, ", the other operand's dtype; convert that with astype()");
  return scalar_tensor(value, beside);
}

Value operand(PyObject* object, const DType* beside, std::string_view op) {
  if (is_tensor(object)) return value_of(as_tensor(object));
  if (object == Py_None) return {};
  if (beside && is_python_scalar(object)) return {scalar_beside(object, *beside, op), nullptr, 0};
  return {tensor_from(object), nullptr, 0};
}

Dims parse_dims(PyObject* object, std::string_view what) {
  Dims dims;
  if (PyLong_Check(object) || PyIndex_Check(object)) {
    dims.push_back(integer_from(object, what));
    return dims;
  }
  PyRef sequence(PySequence_Tuple(object));  // of our own: __index__ may change the user's list
  if (!sequence) {
    PyErr_Clear();
    fail(ErrorKind::kDtype, what, ": expected an integer or a sequence of integers, got a ", Py_TYPE(object)->tp_name);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sequence.get()); ++i) {
    PyObject* item = PyTuple_GET_ITEM(sequence.get(), i);
    if (!PyIndex_Check(item)) fail(ErrorKind::kDtype, what, ": expected integers, got a ", Py_TYPE(item)->tp_name, " at position ", i);
    dims.push_back(integer_from(item, what));
  }
  return dims;
}

pybind11::tuple shape_tuple(const Dims& dims) {
  pybind11::tuple shape(static_cast<size_t>(dims.size()));
  for (int i = 0; i < dims.size(); ++i) shape[static_cast<size_t>(i)] = dims[i];
  return shape;
}

AttrValue parse_attr(PyObject* object, const AttrDecl& decl, std::string_view op) {
  auto mismatch = [&](std::string_view expected) {
    fail(ErrorKind::kDtype, op, ": argument '", decl.name, "': expected ", expected, ", got a ", Py_TYPE(object)->tp_name);
  };
  if (object == Py_None) {
    if (decl.fallback && std::holds_alternative<std::monostate>(*decl.fallback)) return std::monostate{};
    mismatch("a value");
  }
  switch (decl.type) {
    case AttrType::kBool: {
      const int truth = PyObject_IsTrue(object);
      check(truth);
      return truth != 0;
    }
    case AttrType::kInt: {
      if (!PyIndex_Check(object)) mismatch("an integer");
      return integer_from(object, text(op, ": argument '", decl.name, "'"));
    }
    case AttrType::kFloat: {
      const double value = PyFloat_AsDouble(object);
      if (value == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        mismatch("a number");
      }
      return value;
    }
    case AttrType::kString:
      if (!PyUnicode_Check(object)) mismatch("a string");
      return string_of(object);
    case AttrType::kInts: return parse_dims(object, text(op, ": argument '", decl.name, "'"));
    case AttrType::kDtype: return parse_dtype(object);
  }
  return std::monostate{};
}

}  // namespace keima::python
