// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/tensor_type.h"

#include <structmember.h>

#include <cstring>

#include <array>
#include <vector>

#include "base/host_lock.h"
#include "bindings/convert.h"
#include "bindings/trace_session.h"
#include "bindings/indexing.h"
#include "bindings/interop.h"
#include "bindings/state.h"
#include "bindings/tensor_operators.h"
#include "eager/dispatch.h"
#include "ops/layout.h"

namespace keima::python {
namespace {

// Blocks of dead tensors, reused: making the Python object is a third of a small op's time otherwise.
constexpr size_t kFreeListLength = 256;
struct ObjectFreeList {
  std::array<PyTensor*, kFreeListLength> blocks;
  size_t size = 0;
};
ObjectFreeList& free_objects() {
  static ObjectFreeList list;
  return list;
}

void construct(PyTensor* self) {
  new (&self->value) Value();
  new (&self->leaf) Ref<Leaf>();
  self->grad = nullptr;
  self->dict = nullptr;
  self->weakrefs = nullptr;
}

PyObject* allocate_exact() {
  ObjectFreeList& list = free_objects();
  PyTypeObject* type = state().tensor_type;
  if (list.size == 0) {
    PyObject* object = type->tp_alloc(type, 0);
    if (object) construct(as_tensor(object));
    return object;
  }
  PyTensor* self = list.blocks[--list.size];
  PyObject_Init(reinterpret_cast<PyObject*>(self), type);
  construct(self);
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

// Until __init__ has run (a subclass may never call it) the tensor is an empty one: every method finds a value.
PyObject* tensor_new(PyTypeObject* type, PyObject*, PyObject*) {
  return guarded([&] {
    static const Tensor nothing = Tensor::empty({0}, ScalarType::kFloat32);
    PyRef object = checked(type == state().tensor_type ? allocate_exact() : type->tp_alloc(type, 0));
    if (type != state().tensor_type) construct(as_tensor(object.get()));
    as_tensor(object.get())->value.tensor = nothing;
    return object.release();
  });
}

int tensor_init(PyObject* object, PyObject* args, PyObject* kwargs) {
  static const char* names[] = {"data", "dtype", "device", "is_const", "no_cache", "name", "format", nullptr};
  PyObject *data = nullptr, *dtype = Py_None, *device = Py_None, *name = Py_None;
  int is_const = 0, no_cache = 0;
  const char* format = "default";
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OOppOs", const_cast<char**>(names), &data, &dtype, &device, &is_const, &no_cache,
                                   &name, &format))
    return -1;
  return guarded(-1, [&] {
    check_device(device);
    if (format != std::string_view("default") && format != std::string_view("nchw"))
      fail(ErrorKind::kUnsupported, "Tensor: format '", format, "' is not available: expected 'default'; layouts are chosen inside");
    const bool given = dtype != Py_None;
    const DType wanted = given ? parse_dtype(dtype) : DType();
    as_tensor(object)->value = {tensor_from(data, given ? &wanted : nullptr), nullptr, 0};
    note_made(as_tensor(object));
    if (name != Py_None) check(PyObject_SetAttrString(object, "name", name));
    return 0;
  });
}

int tensor_traverse(PyObject* object, visitproc visit, void* arg) {
  PyTensor* self = as_tensor(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->grad);
  Py_VISIT(self->dict);
  return 0;
}

int tensor_clear(PyObject* object) {
  PyTensor* self = as_tensor(object);
  Py_CLEAR(self->grad);
  Py_CLEAR(self->dict);
  return 0;
}

void tensor_dealloc(PyObject* object) {
  PyTensor* self = as_tensor(object);
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  Py_TRASHCAN_BEGIN(object, tensor_dealloc)  // x.grad.grad... may be a long chain
  if (self->weakrefs) PyObject_ClearWeakRefs(object);
  tensor_clear(object);
  self->value.~Value();
  self->leaf.~Ref<Leaf>();
  ObjectFreeList& list = free_objects();
  if (type == state().tensor_type && list.size < kFreeListLength) {
    list.blocks[list.size++] = self;
  } else {
    type->tp_free(object);
  }
  Py_DECREF(type);
  Py_TRASHCAN_END
}

Py_hash_t hash(PyObject* object) {
  // The low bits of an address are its alignment.
  const auto address = reinterpret_cast<size_t>(object);
  const auto value = static_cast<Py_hash_t>(address >> 4 | address << (8 * sizeof address - 4));
  return value == -1 ? -2 : value;
}

int truth(PyObject* object) {
  return guarded(-1, [&] {
    const Tensor tensor = host_value(as_tensor(object));
    if (tensor.numel() != 1)
      fail(ErrorKind::kValue, "the truth of a tensor of shape ", tensor.shape(), " is ambiguous; reduce it first, e.g. with F.max or F.min");
    const Tensor one = to_contiguous(to_dtype(to_plain(tensor), ScalarType::kBool));
    return static_cast<int>(*one.data<const uint8_t>());
  });
}

Py_ssize_t length(PyObject* object) {
  const Dims& shape = as_tensor(object)->value.tensor.shape();
  if (!shape.empty()) return static_cast<Py_ssize_t>(shape[0]);
  PyErr_SetString(PyExc_TypeError, "a 0-d tensor has no length");
  return -1;
}

PyObject* subscript(PyObject* object, PyObject* index) {
  return guarded([&] { return wrap(get_item(value_of(as_tensor(object)), parse_index(index))); });
}

int assign_subscript(PyObject* object, PyObject* index, PyObject* value) {
  return guarded(-1, [&] {
    if (!value) fail(ErrorKind::kDtype, "elements of a tensor cannot be deleted");
    const KeepHostLock keep;  // as in `x += y` (tensor_operators.cc)
    PyTensor* self = as_tensor(object);
    std::vector<IndexItem> items = parse_index(index);
    const DType dtype = self->value.tensor.dtype();
    const Value patch = operand(value, &dtype, "index assignment");
    Value old = value_of(self);
    self->value.tensor = Tensor();  // `old` holds the last reference: the write may happen in place
    try {
      rebind(self, set_item(old, std::move(items), patch));
    } catch (...) {
      self->value.tensor = std::move(old.tensor);
      throw;
    }
    return 0;
  });
}

PyObject* sequence_item(PyObject* object, Py_ssize_t i) {
  PyRef index(PyLong_FromSsize_t(i));
  return index ? subscript(object, index.get()) : nullptr;
}

PyObject* get_shape(PyObject* object, void*) {
  const Dims& shape = as_tensor(object)->value.tensor.shape();
  PyObject* tuple = PyTuple_New(shape.size());
  for (int i = 0; tuple && i < shape.size(); ++i) PyTuple_SET_ITEM(tuple, i, PyLong_FromLongLong(shape[i]));
  return tuple;
}
PyObject* get_ndim(PyObject* object, void*) { return PyLong_FromLong(as_tensor(object)->value.tensor.ndim()); }
PyObject* get_size(PyObject* object, void*) { return PyLong_FromLongLong(as_tensor(object)->value.tensor.numel()); }
PyObject* get_dtype(PyObject* object, void*) { return dtype_object(as_tensor(object)->value.tensor.dtype()); }
PyObject* get_device(PyObject*, void*) { return PyUnicode_FromString("cpu0"); }
PyObject* get_layout(PyObject* object, void*) {
  return guarded([&] {
    const Layout layout = as_tensor(object)->value.tensor.layout();
    if (layout.kind == LayoutKind::kStrided) return PyUnicode_FromString("strided");
    return PyUnicode_FromString(text("blocked", int{layout.block}).c_str());
  });
}
PyObject* get_grad(PyObject* object, void*) {
  PyObject* grad = as_tensor(object)->grad;
  return Py_NewRef(grad ? grad : Py_None);
}
int set_grad(PyObject* object, PyObject* grad, void*) {
  if (grad && grad != Py_None && !is_tensor(grad)) {
    PyErr_Format(PyExc_TypeError, "grad: expected a Tensor or None, got a %s", Py_TYPE(grad)->tp_name);
    return -1;
  }
  PyObject* old = std::exchange(as_tensor(object)->grad, grad && grad != Py_None ? Py_NewRef(grad) : nullptr);
  Py_XDECREF(old);
  return 0;
}

PyObject* detach(PyObject* object, PyObject*) { return guarded([&] { return wrap({value_of(as_tensor(object)).tensor, nullptr, 0}); }); }

PyObject* reset(PyObject* object, PyObject* other) {
  return guarded([&]() -> PyObject* {
    if (!is_tensor(other)) fail(ErrorKind::kDtype, "_reset: expected a Tensor, got a ", Py_TYPE(other)->tp_name);
    rebind(as_tensor(object), value_of(as_tensor(other)));
    Py_RETURN_NONE;
  });
}

// A channel-blocked copy with all bits set in the lanes behind the last channel: NaN, or -1. Whoever reads one shows it.
Tensor poisoned_blocks(const Tensor& tensor) {
  const Tensor blocked = to_layout(to_contiguous(tensor), Layout::blocked(channel_block(tensor.dtype())));
  const int64_t block = blocked.layout().block, channels = tensor.shape()[1], tail = (block - channels % block) % block;
  if (tail == 0 || tensor.numel() == 0) return blocked;
  const auto size = static_cast<int64_t>(tensor.dtype().itemsize());
  const int64_t pixels = tensor.numel() / (tensor.shape()[0] * channels), blocks = (channels + block - 1) / block;
  std::byte* bytes = blocked.raw();
  for (int64_t image = 0; image < tensor.shape()[0]; ++image)
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      const int64_t last = ((image + 1) * blocks - 1) * pixels + pixel;
      std::memset(bytes + ((last + 1) * block - tail) * size, 0xff, static_cast<size_t>(tail * size));
    }
  return blocked;
}

// For tests of layouts: the same value, stored in channel blocks or plain.
PyObject* with_layout(PyObject* object, PyObject* argument) {
  return guarded([&] {
    const Value value = value_of(as_tensor(object));
    const Tensor& tensor = value.tensor;
    if (PyUnicode_CompareWithASCIIString(argument, "strided") == 0) return wrap({to_contiguous(to_plain(tensor)), value.origin, value.index});
    const bool poisoned = PyUnicode_CompareWithASCIIString(argument, "poisoned blocks") == 0;
    if ((!poisoned && PyUnicode_CompareWithASCIIString(argument, "blocked") != 0) || tensor.ndim() < 2)
      fail(ErrorKind::kValue, "_with_layout: expected 'strided', or 'blocked' or 'poisoned blocks' on a tensor of at least 2 dimensions");
    if (poisoned) return wrap({poisoned_blocks(tensor), value.origin, value.index});
    return wrap({to_layout(tensor, Layout::blocked(channel_block(tensor.dtype()))), value.origin, value.index});
  });
}

PyGetSetDef properties[] = {
    {"shape", get_shape, nullptr, "Sizes of the dimensions, a tuple of int.", nullptr},
    {"ndim", get_ndim, nullptr, "Number of dimensions.", nullptr},
    {"size", get_size, nullptr, "Number of elements.", nullptr},
    {"dtype", get_dtype, nullptr, "Element type: a numpy.dtype, or the name where NumPy has none.", nullptr},
    {"device", get_device, nullptr, "Where the elements are.", nullptr},
    {"grad", get_grad, set_grad, "Gradient that the last backward pass added up, or None.", nullptr},
    {"_layout", get_layout, nullptr, "How the elements are stored: an implementation detail, for tests.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(PyTensor, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyMethodDef methods[] = {
    {"numpy", tensor_numpy, METH_NOARGS, "The elements as a read-only numpy.ndarray that shares memory where it can."},
    {"detach", detach, METH_NOARGS, "The same value, cut off from gradients."},
    {"_reset", reset, METH_O, "Gives this object another tensor's value."},
    {"_with_layout", with_layout, METH_O, "The same value in another physical layout, for tests."},
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(tensor_array)), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"__dlpack__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(tensor_dlpack)), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"__dlpack_device__", tensor_dlpack_device, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyTypeObject* make_tensor_type(PyObject* module) {
  std::vector<PyType_Slot> slots = {
      {Py_tp_doc, const_cast<char*>("Tensor(data, dtype=None, device=None, is_const=False, no_cache=False, name=None, format='default')\n--\n\n"
                                    "An n-dimensional array of one element type.\n\n"
                                    "A tensor is a value: no two tensors alias observably, and `x[i] = v` changes x alone.")},
      {Py_tp_new, slot(tensor_new)},
      {Py_tp_init, slot(tensor_init)},
      {Py_tp_dealloc, slot(tensor_dealloc)},
      {Py_tp_traverse, slot(tensor_traverse)},
      {Py_tp_clear, slot(tensor_clear)},
      {Py_tp_hash, slot(hash)},
      {Py_tp_getset, properties},
      {Py_tp_members, members},
      {Py_tp_methods, methods},
      {Py_nb_bool, slot(truth)},
      {Py_mp_length, slot(length)},
      {Py_mp_subscript, slot(subscript)},
      {Py_mp_ass_subscript, slot(assign_subscript)},
      {Py_sq_length, slot(length)},
      {Py_sq_item, slot(sequence_item)},
      {Py_bf_getbuffer, slot(get_buffer)},
      {Py_bf_releasebuffer, slot(release_buffer)},
  };
  for (const PyType_Slot& slot : operator_slots()) slots.push_back(slot);
  slots.push_back({0, nullptr});
  PyType_Spec spec{"keima.Tensor", sizeof(PyTensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots.data()};
  PyRef type = checked(PyType_FromSpec(&spec));
  check(PyObject_SetAttrString(type.get(), "__module__", PyRef(checked(PyUnicode_FromString("keima"))).get()));
  // NumPy must leave `ndarray + Tensor` to the tensor.
  check(PyObject_SetAttrString(type.get(), "__array_ufunc__", Py_None));
  check(PyModule_AddObjectRef(module, "Tensor", type.get()));
  return reinterpret_cast<PyTypeObject*>(type.release());
}

PyTensor* tensor_argument(pybind11::handle object, std::string_view what) {
  if (!is_tensor(object.ptr())) fail(ErrorKind::kDtype, what, ": expected a Tensor, got a ", Py_TYPE(object.ptr())->tp_name);
  return as_tensor(object.ptr());
}

PyObject* wrap(Value value) {
  PyObject* object = allocate_exact();
  if (!object) throw PythonError();
  as_tensor(object)->value = std::move(value);
  return object;
}

PyObject* wrap_all(ValueList values) {
  if (values.size() == 1) return wrap(std::move(values[0]));
  PyRef tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
  for (size_t i = 0; i < values.size(); ++i) PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), wrap(std::move(values[i])));
  return tuple.release();
}

Value value_of(PyTensor* self) {
  note_read(self);
  if (tracked(self->value)) return self->value;
  if (self->leaf && self->leaf->live()) return {self->value.tensor, self->leaf, 0};
  return {self->value.tensor, nullptr, 0};
}

void rebind(PyTensor* self, Value value) {
  // The leaf itself is not history: an attached tensor stays attached to its gradient manager.
  if (as_leaf(value.origin.get())) value.origin = nullptr;
  note_rebinding(self);
  self->value = std::move(value);
}

}  // namespace keima::python
