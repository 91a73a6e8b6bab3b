// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/interop.h"

#include <memory>
#include <optional>

#include "bindings/convert.h"
#include "bindings/dlpack_abi.h"
#include "bindings/trace_session.h"
#include "bindings/host_lock.h"
#include "bindings/state.h"
#include "bindings/tensor_type.h"
#include "ops/layout.h"

namespace keima::python {
namespace {

// What an exported view needs while it lives. Holding the tensor keeps it from being written in place.
struct Export {
  Tensor tensor;
  std::array<Py_ssize_t, kMaxDims> shape;
  std::array<Py_ssize_t, kMaxDims> strides;
};

const char* buffer_format(ScalarType scalar) {
  switch (scalar) {
    case ScalarType::kFloat32: return "f";
    case ScalarType::kFloat16: return "e";
    case ScalarType::kInt32: return "i";
    case ScalarType::kInt16: return "h";
    case ScalarType::kInt8: return "b";
    case ScalarType::kUint8: return "B";
    case ScalarType::kUint16: return "H";
    case ScalarType::kBool: return "?";
    case ScalarType::kBfloat16: break;
  }
  return nullptr;  // bfloat16: NumPy has no such type
}

// The tensor that a foreign reader sees: plain strides, in a type that it knows.
Tensor exportable(const Tensor& tensor) {
  Tensor plain = to_plain(tensor);
  return buffer_format(plain.dtype().scalar()) ? plain : to_dtype(plain, ScalarType::kFloat32);
}

dlpack::DataType dlpack_type(const DType& dtype) {
  const auto bits = static_cast<uint8_t>(dtype.itemsize() * 8);
  if (dtype.scalar() == ScalarType::kBfloat16) return {dlpack::kBfloat, bits, 1};
  if (dtype.is_float()) return {dlpack::kFloat, bits, 1};
  if (dtype.is_bool()) return {dlpack::kBool, bits, 1};
  return {dtype.is_unsigned() ? dlpack::kUint : dlpack::kInt, bits, 1};
}

std::optional<DType> dtype_of(dlpack::DataType type) {
  for (const char* name : {"float32", "float16", "bfloat16", "int32", "int16", "int8", "uint8", "uint16", "bool"}) {
    const auto dtype = dtype_from_name(name);
    const dlpack::DataType known = dlpack_type(*dtype);
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) return dtype;
  }
  return std::nullopt;
}

struct DlpackExport {
  dlpack::ManagedTensor managed;
  Tensor tensor;
  Dims shape;
  Dims strides;
};

void delete_capsule(PyObject* capsule) {
  // Once consumed the capsule is renamed, and the consumer calls the deleter.
  if (!PyCapsule_IsValid(capsule, "dltensor")) return;
  auto* managed = static_cast<dlpack::ManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
  managed->deleter(managed);
}

struct Release {
  void operator()(dlpack::ManagedTensor* managed) const {
    if (managed->deleter) managed->deleter(managed);
  }
};

Tensor wrap_managed(std::unique_ptr<dlpack::ManagedTensor, Release> managed) {
  const dlpack::DLTensor& source = managed->tensor;
  if (source.device.type != dlpack::kCpu) fail(ErrorKind::kUnsupported, "from_dlpack: expected CPU memory, got device type ", source.device.type);
  if (source.ndim < 0 || source.ndim > kMaxDims) fail(ErrorKind::kShape, "from_dlpack: expected at most ", kMaxDims, " dimensions, got ", source.ndim);
  const auto dtype = dtype_of(source.dtype);
  if (!dtype)
    fail(ErrorKind::kDtype, "from_dlpack: expected one of ", dtype_names(), ", got type code ", int{source.dtype.code}, " with ",
         int{source.dtype.bits}, " bits; convert it before exporting");
  const Dims shape(std::span<const int64_t>(source.shape, static_cast<size_t>(source.ndim)));
  const Dims strides = source.strides ? Dims(std::span<const int64_t>(source.strides, static_cast<size_t>(source.ndim))) : contiguous_strides(shape);
  void* data = static_cast<std::byte*>(source.data) + source.byte_offset;
  const int64_t bytes = checked_numel(shape) * dtype->itemsize();
  // What made the memory is as a rule an object of Python's; the last tensor on it may die in a kernel's thread.
  auto storage = Storage::wrap(data, bytes, [raw = managed.get()] {
    const HoldGil gil;
    Release{}(raw);
  }, false);
  managed.release();
  return Tensor::wrap(std::move(storage), shape, strides, *dtype);
}

}  // namespace

int get_buffer(PyObject* object, Py_buffer* view, int flags) {
  view->obj = nullptr;
  if (flags & PyBUF_WRITABLE) {
    PyErr_SetString(PyExc_BufferError, "a tensor's memory is read-only to others; copy it with numpy.array(x)");
    return -1;
  }
  return guarded(-1, [&] {
    auto exported = std::make_unique<Export>();
    exported->tensor = exportable(host_value(as_tensor(object)));
    const bool wants_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
    if (!wants_strides) exported->tensor = to_contiguous(exported->tensor);
    const Tensor& tensor = exported->tensor;
    const auto itemsize = static_cast<Py_ssize_t>(tensor.dtype().itemsize());
    for (int i = 0; i < tensor.ndim(); ++i) {
      exported->shape[static_cast<size_t>(i)] = tensor.shape()[i];
      exported->strides[static_cast<size_t>(i)] = tensor.strides()[i] * itemsize;
    }
    view->buf = tensor.raw();
    view->len = tensor.numel() * itemsize;
    view->readonly = 1;
    view->itemsize = itemsize;
    view->format = flags & PyBUF_FORMAT ? const_cast<char*>(buffer_format(tensor.dtype().scalar())) : nullptr;
    view->ndim = tensor.ndim();
    view->shape = flags & PyBUF_ND ? exported->shape.data() : nullptr;
    view->strides = wants_strides ? exported->strides.data() : nullptr;
    view->suboffsets = nullptr;
    view->internal = exported.release();
    view->obj = Py_NewRef(object);
    return 0;
  });
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Export*>(view->internal); }

PyObject* tensor_numpy(PyObject* object, PyObject*) {
  const PyRef view(PyMemoryView_FromObject(object));
  return view ? PyObject_CallOneArg(state().numpy_asarray.get(), view.get()) : nullptr;
}

PyObject* tensor_array(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"dtype", "copy", nullptr};
  PyObject *dtype = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO", const_cast<char**>(names), &dtype, &copy)) return nullptr;
  return guarded([&] {
    PyRef array = checked(tensor_numpy(object, nullptr));
    if (dtype != Py_None) array = checked(PyObject_CallMethod(array.get(), "astype", "O", dtype));
    if (copy == Py_True && dtype == Py_None) array = checked(PyObject_CallMethod(array.get(), "copy", nullptr));
    return array.release();
  });
}

PyObject* tensor_dlpack_device(PyObject*, PyObject*) { return Py_BuildValue("(ii)", dlpack::kCpu, 0); }

PyObject* tensor_dlpack(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"stream", "max_version", "dl_device", "copy", nullptr};
  PyObject *stream = Py_None, *version = Py_None, *device = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO", const_cast<char**>(names), &stream, &version, &device, &copy)) return nullptr;
  return guarded([&] {
    auto exported = std::make_unique<DlpackExport>();
    exported->tensor = to_plain(host_value(as_tensor(object)));
    exported->shape = exported->tensor.shape();
    exported->strides = exported->tensor.strides();
    dlpack::ManagedTensor& managed = exported->managed;
    managed.tensor = {exported->tensor.raw(), {dlpack::kCpu, 0}, exported->tensor.ndim(), dlpack_type(exported->tensor.dtype()),
                      &exported->shape[0], &exported->strides[0], 0};
    managed.context = exported.get();
    managed.deleter = [](dlpack::ManagedTensor* self) { delete static_cast<DlpackExport*>(self->context); };
    PyRef capsule = checked(PyCapsule_New(&managed, "dltensor", delete_capsule));
    exported.release();
    return capsule.release();
  });
}

PyObject* from_dlpack(PyObject*, PyObject* producer) {
  return guarded([&] {
    PyRef capsule = PyCapsule_CheckExact(producer) ? PyRef::borrow(producer) : checked(PyObject_CallMethod(producer, "__dlpack__", nullptr));
    auto* raw = static_cast<dlpack::ManagedTensor*>(PyCapsule_GetPointer(capsule.get(), "dltensor"));
    if (!raw) throw PythonError();
    check(PyCapsule_SetName(capsule.get(), "used_dltensor"));
    return wrap({wrap_managed(std::unique_ptr<dlpack::ManagedTensor, Release>(raw)), nullptr, 0});
  });
}

}  // namespace keima::python
