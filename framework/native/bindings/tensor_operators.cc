// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/tensor_operators.h"

#include <array>

#include "base/host_lock.h"
#include "bindings/convert.h"
#include "bindings/state.h"
#include "bindings/tensor_type.h"
#include "eager/dispatch.h"

namespace keima::python {
namespace {

// What may stand beside a tensor in an expression; anything else gets its own chance by NotImplemented.
bool is_operand(PyObject* object) {
  return is_tensor(object) || is_python_scalar(object) || PyList_Check(object) || PyTuple_Check(object) ||
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(state().numpy_ndarray.get())) ||
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(state().numpy_generic.get()));
}

// A copy: converting the other operand may run code of the user's.
DType beside(PyObject* a, PyObject* b) {
  return as_tensor(is_tensor(a) ? a : b)->value.tensor.dtype();
}

template <OpName name>
PyObject* binary(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (!is_operand(a) || !is_operand(b)) return Py_NewRef(Py_NotImplemented);
    const DType dtype = beside(a, b);
    std::array<Value, 2> operands{operand(a, &dtype, name.value), operand(b, &dtype, name.value)};
    return wrap(std::move(apply(op_of<name>(), operands, {})[0]));
  });
}

// x += y gives the object x a new value, in x's memory when nobody else sees it.
template <OpName name>
PyObject* in_place(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (!is_operand(b)) return Py_NewRef(Py_NotImplemented);
    const KeepHostLock keep;  // the object is without a value meanwhile, which no other thread may see
    PyTensor* self = as_tensor(a);
    const DType dtype = self->value.tensor.dtype();
    Value other = operand(b, &dtype, name.value);
    std::array<Value, 2> operands{value_of(self), std::move(other)};
    {
      const std::array<Tensor, 2> tensors{operands[0].tensor, operands[1].tensor};
      infer(op_of<name>(), tensors, {});  // a mismatch is reported before x is given up
    }
    self->value.tensor = Tensor();  // `operands` holds the last reference: apply() may write in place
    try {
      rebind(self, std::move(apply(op_of<name>(), operands, {}, 1)[0]));
    } catch (...) {
      self->value.tensor = std::move(operands[0].tensor);  // apply() gives it back when it fails
      throw;
    }
    return Py_NewRef(a);
  });
}

template <OpName name>
PyObject* unary(PyObject* a) {
  return guarded([&] {
    std::array<Value, 1> operands{value_of(as_tensor(a))};
    return wrap(std::move(apply(op_of<name>(), operands, {})[0]));
  });
}

// pow() with a modulus is left to the other operand.
template <binaryfunc function>
PyObject* without_modulus(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return function(a, b);
}

// +x is x's value in an object of its own.
PyObject* positive(PyObject* a) {
  return guarded([&] { return wrap(value_of(as_tensor(a))); });
}

PyObject* matmul(PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (!is_operand(a) || !is_operand(b)) return Py_NewRef(Py_NotImplemented);
    std::array<Value, 2> operands{operand(a, nullptr, "matmul"), operand(b, nullptr, "matmul")};
    return wrap(std::move(apply(Registry::instance().get("matmul"), operands, Attrs{false, false})[0]));
  });
}

PyObject* compare(PyObject* a, PyObject* b, int operation) {
  switch (operation) {
    case Py_EQ: return binary<"equal">(a, b);
    case Py_NE: return binary<"not_equal">(a, b);
    case Py_LT: return binary<"less">(a, b);
    case Py_LE: return binary<"less_equal">(a, b);
    case Py_GT: return binary<"greater">(a, b);
    default: return binary<"greater_equal">(a, b);
  }
}

}  // namespace

std::span<const PyType_Slot> operator_slots() {
  static const PyType_Slot slots[] = {
      {Py_tp_richcompare, slot(compare)},
      {Py_nb_add, slot(binary<"add">)},
      {Py_nb_subtract, slot(binary<"sub">)},
      {Py_nb_multiply, slot(binary<"mul">)},
      {Py_nb_true_divide, slot(binary<"div">)},
      {Py_nb_floor_divide, slot(binary<"floor_div">)},
      {Py_nb_remainder, slot(binary<"mod">)},
      {Py_nb_power, slot(without_modulus<binary<"pow">>)},
      {Py_nb_matrix_multiply, slot(matmul)},
      {Py_nb_lshift, slot(binary<"left_shift">)},
      {Py_nb_rshift, slot(binary<"right_shift">)},
      {Py_nb_and, slot(binary<"logical_and">)},
      {Py_nb_or, slot(binary<"logical_or">)},
      {Py_nb_xor, slot(binary<"logical_xor">)},
      {Py_nb_inplace_add, slot(in_place<"add">)},
      {Py_nb_inplace_subtract, slot(in_place<"sub">)},
      {Py_nb_inplace_multiply, slot(in_place<"mul">)},
      {Py_nb_inplace_true_divide, slot(in_place<"div">)},
      {Py_nb_inplace_floor_divide, slot(in_place<"floor_div">)},
      {Py_nb_inplace_remainder, slot(in_place<"mod">)},
      {Py_nb_inplace_power, slot(without_modulus<in_place<"pow">>)},
      {Py_nb_inplace_lshift, slot(in_place<"left_shift">)},
      {Py_nb_inplace_rshift, slot(in_place<"right_shift">)},
      {Py_nb_inplace_and, slot(in_place<"logical_and">)},
      {Py_nb_inplace_or, slot(in_place<"logical_or">)},
      {Py_nb_inplace_xor, slot(in_place<"logical_xor">)},
      {Py_nb_positive, slot(positive)},
      {Py_nb_negative, slot(unary<"neg">)},
      {Py_nb_absolute, slot(unary<"abs">)},
      {Py_nb_invert, slot(unary<"logical_not">)},
  };
  return slots;
}

}  // namespace keima::python
