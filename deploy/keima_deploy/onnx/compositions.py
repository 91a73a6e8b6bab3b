# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Ops without an operator of their own, written as several."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .export import Node


def operands(node: Node) -> list[str]:
    return [node.operand(i, node.out_dtype()) for i in range(len(node))]


def number(node: Node, value: float) -> str:
    """A 0-d array of the result's dtype."""
    return node.cast(node.array(value, "float32"), "float32", node.out_dtype())


def unary(node: Node, *operators: str) -> None:
    """One operator after the other."""
    (x,) = operands(node)
    for name in operators[:-1]:
        x = node.emit(name, [x])
    node.emit(operators[-1], [x], node.results[0])


def square(node: Node) -> None:
    (x,) = operands(node)
    node.emit("Mul", [x, x], node.results[0])


def silu(node: Node) -> None:
    (x,) = operands(node)
    node.emit("Mul", [x, node.emit("Sigmoid", [x])], node.results[0])


def log1p(node: Node) -> None:
    (x,) = operands(node)
    node.emit("Log", [node.emit("Add", [x, number(node, 1)])], node.results[0])


def expm1(node: Node) -> None:
    (x,) = operands(node)
    node.emit("Sub", [node.emit("Exp", [x]), number(node, 1)], node.results[0])


def erfc(node: Node) -> None:
    (x,) = operands(node)
    node.emit("Sub", [number(node, 1), node.emit("Erf", [x])], node.results[0])


def log_sigmoid(node: Node) -> None:
    """-softplus(-x)"""
    unary(node, "Neg", "Softplus", "Neg")


def round_half_away(node: Node) -> None:
    """sign(x) floor(|x| + 1/2)"""
    (x,) = operands(node)
    if not node.out_dtype().startswith("float"):
        node.emit("Identity", [x], node.results[0])
        return
    whole = node.emit("Floor", [node.emit("Add", [node.emit("Abs", [x]), number(node, 0.5)])])
    node.emit("Mul", [node.emit("Sign", [x]), whole], node.results[0])


def not_equal(node: Node) -> None:
    from .rules import promoted

    dtype = promoted(node)
    same = node.emit("Equal", [node.operand(0, dtype), node.operand(1, dtype)])
    node.emit("Not", [same], node.results[0])


def floor_div(node: Node) -> None:
    if not node.out_dtype().startswith("float"):
        raise node.unsupported(f"ONNX rounds quotients of {node.out_dtype()} towards zero")
    node.emit("Floor", [node.emit("Div", operands(node))], node.results[0])


def log_add_exp(node: Node) -> None:
    """max(x, y) + softplus(-|x - y|)"""
    x, y = operands(node)
    apart = node.emit("Neg", [node.emit("Abs", [node.emit("Sub", [x, y])])])
    node.emit("Add", [node.emit("Max", [x, y]), node.emit("Softplus", [apart])], node.results[0])


def arc_tangent_of_two(node: Node) -> None:
    """atan(y / x), turned by pi with y's sign where x < 0; right for x != 0, as for y > 0 or y < 0 where x = 0."""
    y, x = operands(node)
    zero, pi = number(node, 0), number(node, float(np.pi))
    direct = node.emit("Atan", [node.emit("Div", [y, x])])
    sign = node.emit("Where", [node.emit("Less", [y, zero]), node.emit("Neg", [pi]), pi])
    turned = node.emit("Add", [direct, sign])
    node.emit("Where", [node.emit("Less", [x, zero]), turned, direct], node.results[0])


def sum_to(node: Node) -> None:
    shape, given = node.out_shape(), node.shape(0)
    added = len(given) - len(shape)
    axes = [i for i, size in enumerate(given) if i < added or (shape[i - added] == 1 and size != 1)]
    summed = node.emit("ReduceSum", [node.input(0), node.array(axes)], keepdims=1) if axes else node.input(0)
    node.emit("Reshape", [summed, node.array(shape)], node.results[0])


RULES: dict[str, Callable[[Node], None]] = {
    "square": square,
    "silu": silu,
    "rsqrt": lambda node: unary(node, "Sqrt", "Reciprocal"),
    "log1p": log1p,
    "expm1": expm1,
    "erfc": erfc,
    "logsigmoid": log_sigmoid,
    "round": round_half_away,
    "not_equal": not_equal,
    "floor_div": floor_div,
    "logaddexp": log_add_exp,
    "atan2": arc_tangent_of_two,
    "sum_to": sum_to,
}
