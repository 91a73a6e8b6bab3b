// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/op_function.h"

#include <structmember.h>

#include <optional>

#include "bindings/convert.h"
#include "bindings/state.h"
#include "bindings/tensor_type.h"
#include "eager/dispatch.h"

namespace keima::python {
namespace {

struct OpFunction {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  const Op* op;
};

const Op& op_of(PyObject* object) { return *reinterpret_cast<OpFunction*>(object)->op; }

// Arguments sorted into the op's declared places: inputs first, then attributes.
struct Arguments {
  InlineVector<PyObject*, 4> inputs;
  InlineVector<PyObject*, 8> attrs;  // null: not given
};

void place_keyword(const Op& op, Arguments& placed, std::string_view name, PyObject* value) {
  for (size_t i = 0; i < op.attrs.size(); ++i)
    if (op.attrs[i].name == name) {
      if (placed.attrs[i]) fail(ErrorKind::kDtype, op.name, ": argument '", name, "' is given twice");
      placed.attrs[i] = value;
      return;
    }
  for (size_t i = 0; !op.variadic && i < op.inputs.size(); ++i)
    if (op.inputs[i] == name) {
      while (placed.inputs.size() <= i) placed.inputs.push_back(nullptr);
      if (placed.inputs[i]) fail(ErrorKind::kDtype, op.name, ": argument '", name, "' is given twice");
      placed.inputs[i] = value;
      return;
    }
  fail(ErrorKind::kDtype, op.name, ": there is no argument '", name, "'");
}

Arguments place(const Op& op, PyObject* const* args, size_t count, PyObject* kwnames) {
  Arguments placed;
  placed.attrs.resize(op.attrs.size());
  const size_t inputs = op.variadic ? 1 : op.inputs.size();
  if (count > inputs + op.attrs.size())
    fail(ErrorKind::kDtype, op.name, ": expected at most ", inputs + op.attrs.size(), " arguments, got ", count);
  for (size_t i = 0; i < count; ++i) {
    if (i < inputs) placed.inputs.push_back(args[i]);
    else placed.attrs[i - inputs] = args[i];
  }
  const Py_ssize_t keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  for (Py_ssize_t i = 0; i < keywords; ++i)
    place_keyword(op, placed, PyUnicode_AsUTF8(PyTuple_GET_ITEM(kwnames, i)), args[count + static_cast<size_t>(i)]);
  return placed;
}

Attrs parse_attrs(const Op& op, const Arguments& placed) {
  if (op.attrs.empty()) return {};
  std::vector<AttrValue> values;
  values.reserve(op.attrs.size());
  for (size_t i = 0; i < op.attrs.size(); ++i) {
    const AttrDecl& decl = op.attrs[i];
    if (placed.attrs[i]) values.push_back(parse_attr(placed.attrs[i], decl, op.name));
    else if (decl.fallback) values.push_back(*decl.fallback);
    else fail(ErrorKind::kDtype, op.name, ": argument '", decl.name, "' is missing");
  }
  return Attrs(std::move(values));
}

// Null objects were not given.
ValueList operands(const Op& op, std::span<PyObject* const> objects) {
  std::optional<DType> beside;  // a copy: converting an operand may run code of the user's
  for (PyObject* object : objects)
    if (!beside && object && is_tensor(object)) beside = as_tensor(object)->value.tensor.dtype();
  ValueList values;
  for (PyObject* object : objects) values.push_back(operand(object ? object : Py_None, beside ? &*beside : nullptr, op.name));
  const size_t required = op.inputs.size() - static_cast<size_t>(op.optional_inputs);
  for (size_t i = 0; i < values.size(); ++i)
    if (!values[i] && (op.variadic || i < required)) fail(ErrorKind::kDtype, op.name, ": argument '", op.inputs[std::min(i, op.inputs.size() - 1)], "' must be a tensor, got None");
  return values;
}

PyObject* call(PyObject* object, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  return guarded([&] {
    const Op& op = op_of(object);
    const Arguments placed = place(op, args, static_cast<size_t>(PyVectorcall_NARGS(nargsf)), kwnames);
    Attrs attrs = parse_attrs(op, placed);
    if (!op.variadic) {
      ValueList values = operands(op, placed.inputs);
      return wrap_all(apply(op, values, std::move(attrs)));
    }
    if (placed.inputs.empty()) fail(ErrorKind::kDtype, op.name, ": argument '", op.inputs[0], "' is missing");
    // A tuple of our own: the user's list may change while its items are converted.
    PyRef sequence(placed.inputs[0] && !is_tensor(placed.inputs[0]) ? PySequence_Tuple(placed.inputs[0]) : nullptr);
    if (!sequence) {
      PyErr_Clear();
      fail(ErrorKind::kDtype, op.name, ": argument '", op.inputs[0], "' must be a sequence of tensors, got a ", placed.inputs[0] ? Py_TYPE(placed.inputs[0])->tp_name : "nothing");
    }
    ValueList values = operands(op, {PySequence_Fast_ITEMS(sequence.get()), static_cast<size_t>(PyTuple_GET_SIZE(sequence.get()))});
    return wrap_all(apply(op, values, std::move(attrs)));
  });
}

PyObject* repr(PyObject* object) { return PyUnicode_FromFormat("<op %s>", op_of(object).name.c_str()); }

void dealloc(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* get_name(PyObject* object, void*) { return PyUnicode_FromString(op_of(object).name.c_str()); }

const char* attr_type_name(AttrType type) {
  switch (type) {
    case AttrType::kBool: return "bool";
    case AttrType::kInt: return "int";
    case AttrType::kFloat: return "float";
    case AttrType::kString: return "str";
    case AttrType::kInts: return "ints";
    case AttrType::kDtype: return "dtype";
  }
  return "";
}

// The declaration as plain data: what stubs, docs and the tests that walk the registry read.
PyObject* get_declaration(PyObject* object, void*) {
  return guarded([&] {
    const Op& op = op_of(object);
    PyRef inputs = checked(PyList_New(0)), attrs = checked(PyList_New(0));
    for (const std::string& name : op.inputs) check(PyList_Append(inputs.get(), PyRef(checked(PyUnicode_FromString(name.c_str()))).get()));
    for (const AttrDecl& decl : op.attrs) {
      PyRef entry = checked(Py_BuildValue("(ssO)", decl.name.c_str(), attr_type_name(decl.type), decl.fallback ? Py_False : Py_True));
      check(PyList_Append(attrs.get(), entry.get()));
    }
    return checked(Py_BuildValue("{s:s,s:O,s:i,s:i,s:O,s:O,s:O,s:s,s:O,s:O,s:i,s:O,s:s,s:s}", "name", op.name.c_str(), "inputs", inputs.get(),
                                 "outputs", op.outputs, "optional_inputs", op.optional_inputs, "variadic", op.variadic ? Py_True : Py_False, "attrs", attrs.get(),
                                 "differentiable", op.gradient ? Py_True : Py_False, "no_gradient", op.no_gradient.c_str(), "view",
                                 op.view ? Py_True : Py_False, "elementwise", op.elementwise >= 0 ? Py_True : Py_False, "in_place", op.in_place,
                                 "random", op.random ? Py_True : Py_False, "onnx", op.onnx.c_str(), "onnx_note", op.onnx_note.c_str()))
        .release();
  });
}

PyGetSetDef properties[] = {
    {"__name__", get_name, nullptr, "The op's name.", nullptr},
    {"declaration", get_declaration, nullptr, "The op's declaration as a dict.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(OpFunction, vectorcall), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

}  // namespace

PyTypeObject* make_op_type() {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("A registered op.")},
      {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
      {Py_tp_repr, reinterpret_cast<void*>(repr)},
      {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
      {Py_tp_getset, properties},
      {Py_tp_members, members},
      {0, nullptr},
  };
  PyType_Spec spec{"keima._core.Op", sizeof(OpFunction), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  return reinterpret_cast<PyTypeObject*>(checked(PyType_FromSpec(&spec)).release());
}

PyObject* make_op_function(const Op& op) {
  PyTypeObject* type = state().op_type;
  PyObject* object = checked(type->tp_alloc(type, 0)).release();
  auto* function = reinterpret_cast<OpFunction*>(object);
  function->vectorcall = call;
  function->op = &op;
  return object;
}

}  // namespace keima::python
