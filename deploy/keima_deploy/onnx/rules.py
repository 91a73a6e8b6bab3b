# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""How each op is written: the operator that its declaration names, with the operands and attributes of ONNX's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import compositions, windows
from .export import Node
from .protobuf import DATA_TYPES

Rule = Callable[[Node], None]
FLOATS = ("float32", "float16", "bfloat16")


def write(node: Node) -> None:
    """Add the ONNX nodes of one op; raises UnsupportedOpError where there are none."""
    rule = RULES.get(node.op) or windows.RULES.get(node.op) or compositions.RULES.get(node.op)
    if rule is not None:
        return rule(node)
    if not node.declaration["onnx"]:
        raise node.unsupported(node.declaration["onnx_note"])
    if not node.declaration["elementwise"]:
        raise node.unsupported(f"the exporter does not write {node.declaration['onnx']} yet")
    return elementwise(node)


def operator(node: Node) -> str:
    """The ONNX operator that the declaration names."""
    name: str = node.declaration["onnx"]
    return name


def promoted(node: Node, first: int = 0) -> str:
    """The dtype in which operands from `first` on meet: ONNX converts none itself."""
    dtypes = {node.dtype(i) for i in range(first, len(node))}
    if len(dtypes) == 1:
        return dtypes.pop()
    return "float32" if dtypes & {*FLOATS, "bool"} else "int32"


def elementwise(node: Node, **attributes: Any) -> None:
    """Operands in one dtype; a bool result says nothing about theirs."""
    dtype = promoted(node) if node.out_dtype() == "bool" else node.out_dtype()
    node.emit(operator(node), [node.operand(i, dtype) for i in range(len(node))], node.results[0], **attributes)


def where(node: Node) -> None:
    values = [node.operand(i, node.out_dtype()) for i in (1, 2)]
    node.emit("Where", [node.input(0), *values], node.results[0])


def modulo(node: Node) -> None:
    elementwise(node, fmod=int(node.out_dtype() in FLOATS))


def shift(node: Node) -> None:
    if not node.out_dtype().startswith("uint"):
        raise node.unsupported(f"ONNX shifts unsigned integers, got {node.out_dtype()}")
    elementwise(node, direction="LEFT" if node.op == "left_shift" else "RIGHT")


def prelu(node: Node) -> None:
    if node.shape(0) == node.out_shape():
        return elementwise(node)
    # ONNX spreads the slopes over x, never x over the slopes.
    x, slope = node.operand(0, node.out_dtype()), node.operand(1, node.out_dtype())
    positive = node.emit("Greater", [x, node.array(0, node.out_dtype())])
    node.emit("Where", [positive, x, node.emit("Mul", [x, slope])], node.results[0])
    return None


def relu6(node: Node) -> None:
    limits = [node.array(limit, node.out_dtype()) for limit in (0, 6)]
    node.emit("Clip", [node.input(0), *limits], node.results[0])


def single_axis(node: Node) -> int:
    axis: int = node.attrs["axis"]
    return axis + len(node.shape(0)) if axis < 0 else axis


def along_axis(node: Node) -> None:
    node.emit(operator(node), [node.input(0)], node.results[0], axis=single_axis(node))


def log_sum_exp(node: Node) -> None:
    axes = node.array([single_axis(node)])
    node.emit(operator(node), [node.input(0), axes], node.results[0], keepdims=int(node.attrs["keepdims"]))


def all_axes(node: Node) -> list[int]:
    axes = node.attrs["axis"]
    return list(range(len(node.shape(0)))) if axes is None else [axis % len(node.shape(0)) for axis in axes]


def reduction(node: Node) -> None:
    if not all_axes(node):  # over nothing: ONNX would take that for everything
        node.emit("Identity", [node.operand(0, node.out_dtype())], node.results[0])
        return
    inputs = [node.operand(0, node.out_dtype()), node.array(all_axes(node))]
    node.emit(operator(node), inputs, node.results[0], keepdims=int(node.attrs["keepdims"]))


def position(node: Node) -> None:
    axes = all_axes(node)
    if len(axes) > 1 and len(axes) < len(node.shape(0)):
        raise node.unsupported(f"ONNX finds positions along one axis or all of them, got {axes}")
    axis, x = (axes or [0])[0], node.input(0)
    if len(axes) != 1:
        axis, x = 0, node.emit("Reshape", [x, node.array([-1])])
    found = node.cast(node.emit(operator(node), [x], axis=axis, keepdims=1), "int64", "int32")
    node.emit("Reshape", [found, node.array(node.out_shape())], node.results[0])


def transposed(node: Node, i: int, swap: bool) -> str:
    """Operand i of a product, its last two dimensions exchanged if asked for; constants are exchanged now."""
    dtype = node.out_dtype()
    ndim = len(node.shape(i))
    if not swap or ndim < 2:
        return node.operand(i, dtype)
    constant = node.constant(i)
    if constant is not None and node.dtype(i) == dtype == "float32":
        return node.array(np.swapaxes(constant, -1, -2), dtype)
    order = [*range(ndim - 2), ndim - 1, ndim - 2]
    return node.emit("Transpose", [node.operand(i, dtype)], perm=order)


def product(node: Node) -> None:
    operands = [transposed(node, 0, node.attrs["transpose_a"]), transposed(node, 1, node.attrs["transpose_b"])]
    node.emit("MatMul", operands, node.results[0])


def attention(node: Node) -> None:
    dtype = node.out_dtype()
    scores = node.emit("MatMul", [node.operand(0, dtype), transposed(node, 1, not node.attrs["transposed_k"])])
    scaled = node.emit("Mul", [scores, node.array(node.attrs["scale"], dtype)])
    node.emit("MatMul", [node.emit("Softmax", [scaled], axis=-1), node.operand(2, dtype)], node.results[0])


def layer_norm(node: Node) -> None:
    dims = node.attrs["dims"]
    shape = node.shape(0)[-dims:]
    scale = (
        node.emit("Reshape", [node.input(1), node.array(shape)])
        if node.given(1)
        else node.array(np.ones(shape), "float32")
    )
    inputs = [node.input(0), scale]
    if node.given(2):
        inputs.append(node.emit("Reshape", [node.input(2), node.array(shape)]))
    node.emit(operator(node), inputs, node.results[0], axis=-dims, epsilon=float(node.attrs["eps"]))


# --- moving elements -----------------------------------------------------------------------------------------------


def reshape(node: Node) -> None:
    # allowzero: a 0 is a size, not "as the input".
    node.emit("Reshape", [node.input(0), node.array(node.out_shape())], node.results[0], allowzero=1)


def transpose(node: Node) -> None:
    order = [axis for axis in node.attrs["pattern"] if axis != -1]
    if len(order) == len(node.attrs["pattern"]):
        node.emit("Transpose", [node.input(0)], node.results[0], perm=order)
        return
    moved = node.emit("Transpose", [node.input(0)], perm=order) if order else node.input(0)
    node.emit("Reshape", [moved, node.array(node.out_shape())], node.results[0])


def expand(node: Node) -> None:
    node.emit("Expand", [node.input(0), node.array(node.out_shape())], node.results[0])


def box(node: Node) -> None:
    starts, sizes, steps = (node.attrs[key] for key in ("starts", "sizes", "steps"))
    ends = [start + size * step for start, size, step in zip(starts, sizes, steps, strict=True)]
    # A negative end counts from the back: "before the first" is written as far below as can be.
    ends = [end if end >= 0 else -(1 << 31) for end in ends]
    if not starts:
        node.emit("Identity", [node.input(0)], node.results[0])
        return
    arrays = [node.array(values) for values in (starts, ends, range(len(starts)), steps)]
    node.emit("Slice", [node.input(0), *arrays], node.results[0])


def concat(node: Node) -> None:
    operands = [node.operand(i, node.out_dtype()) for i in range(len(node))]
    node.emit("Concat", operands, node.results[0], axis=single_axis(node))


def cast(node: Node) -> None:
    node.emit("Cast", [node.input(0)], node.results[0], to=DATA_TYPES[node.out_dtype()])


def full(node: Node) -> None:
    value = node.array([node.attrs["value"]], "float32")
    node.emit("Expand", [node.cast(value, "float32", node.out_dtype()), node.array(node.out_shape())], node.results[0])


def arange(node: Node) -> None:
    # Written out: Range's count may differ by one from ours where the step is not exact.
    values = node.attrs["start"] + node.attrs["step"] * np.arange(node.attrs["count"])
    node.emit("Identity", [node.array(values, "float32")], node.results[0])


# --- by position ---------------------------------------------------------------------------------------------------


def take_rows(node: Node) -> None:
    node.emit("Gather", [node.input(0), node.input(1)], node.results[0], axis=0)


def rows(node: Node) -> None:
    index = node.emit("Reshape", [node.cast(node.input(1), "int32", "int64"), node.array([-1, 1])])
    reduction = "add" if node.op == "add_rows" else "none"
    node.emit("ScatterND", [node.input(0), index, node.input(2)], node.results[0], reduction=reduction)


def gather(node: Node) -> None:
    node.emit("GatherElements", [node.input(0), node.input(1)], node.results[0], axis=single_axis(node))


def scatter(node: Node) -> None:
    inputs = [node.input(i) for i in range(3)]
    reduction = "add" if node.op == "scatter_add" else "none"
    node.emit("ScatterElements", inputs, node.results[0], axis=single_axis(node), reduction=reduction)


def one_hot(node: Node) -> None:
    # Of these dtypes, which ONNX Runtime has, whatever the result's.
    depth, values = node.array(node.attrs["num_classes"]), node.array([0, 1], "float32")
    made = node.emit("OneHot", [node.cast(node.input(0), "int32", "int64"), depth, values], axis=-1)
    node.emit("Cast", [made], node.results[0], to=DATA_TYPES[node.out_dtype()])


def cumsum(node: Node) -> None:
    axis = node.array(single_axis(node))
    node.emit("CumSum", [node.input(0), axis], node.results[0], reverse=int(node.attrs["reverse"]))


def sort(node: Node) -> None:
    count = node.array([node.out_shape()[-1]])
    found = node.results[1] + "_long"
    largest = int(node.attrs["descending"])
    node.emit("TopK", [node.input(0), count], [node.results[0], found], axis=-1, largest=largest, sorted=1)
    node.emit("Cast", [found], node.results[1], to=DATA_TYPES["int32"])


RULES: dict[str, Rule] = {
    "where": where,
    "mod": modulo,
    "left_shift": shift,
    "right_shift": shift,
    "prelu": prelu,
    "relu6": relu6,
    "leaky_relu": lambda node: elementwise(node, alpha=float(node.attrs["negative_slope"])),
    "hsigmoid": lambda node: elementwise(node, alpha=1 / 6, beta=0.5),
    "softmax": along_axis,
    "log_softmax": along_axis,
    "logsumexp": log_sum_exp,
    **dict.fromkeys(["sum", "mean", "prod", "max", "min"], reduction),
    "argmax": position,
    "argmin": position,
    "matmul": product,
    "attention": attention,
    "layer_norm": layer_norm,
    "reshape": reshape,
    "transpose": transpose,
    "broadcast_to": expand,
    "slice": box,
    "concat": concat,
    "cast": cast,
    "full": full,
    "arange": arange,
    "take_rows": take_rows,
    "put_rows": rows,
    "add_rows": rows,
    "gather": gather,
    "scatter": scatter,
    "scatter_add": scatter,
    "one_hot": one_hot,
    "cumsum": cumsum,
    "sort": sort,
}
