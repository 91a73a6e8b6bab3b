# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Functions of each element by itself.

Operands broadcast as NumPy's do. Types promote as MegEngine's: a float with an integer gives float32, a Python number
takes the tensor's type where that can hold it. A mistake raises :class:`keima.ShapeError` or
:class:`keima.DtypeError`, which name the op and both operands.
"""

from __future__ import annotations

from .._core import Tensor, ops
from ..typing import Operand

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "div",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_div",
    "greater",
    "greater_equal",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "mul",
    "neg",
    "not_equal",
    "pow",
    "right_shift",
    "round",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "tan",
    "tanh",
]


def abs(x: Operand) -> Tensor:
    """Absolute value."""
    return ops.abs(x)


def acos(x: Operand) -> Tensor:
    """Inverse cosine, in radians."""
    return ops.acos(x)


def acosh(x: Operand) -> Tensor:
    """Inverse hyperbolic cosine."""
    return ops.acosh(x)


def add(x: Operand, y: Operand) -> Tensor:
    """x + y."""
    return ops.add(x, y)


def asin(x: Operand) -> Tensor:
    """Inverse sine, in radians."""
    return ops.asin(x)


def asinh(x: Operand) -> Tensor:
    """Inverse hyperbolic sine."""
    return ops.asinh(x)


def atan(x: Operand) -> Tensor:
    """Inverse tangent, in radians."""
    return ops.atan(x)


def atan2(y: Operand, x: Operand) -> Tensor:
    """Angle of the point (x, y), in radians from -pi to pi."""
    return ops.atan2(y, x)


def atanh(x: Operand) -> Tensor:
    """Inverse hyperbolic tangent."""
    return ops.atanh(x)


def ceil(x: Operand) -> Tensor:
    """Smallest integer not below; integers stay as they are."""
    return ops.ceil(x)


def clip(x: Tensor, lower: Operand | None = None, upper: Operand | None = None) -> Tensor:
    """x limited to [lower, upper]; at least one limit must be given.

    >>> import keima
    >>> clip(keima.Tensor([-1.0, 0.5, 2.0]), 0, 1)
    Tensor([0.  0.5 1. ], device=cpu0)
    """
    if lower is None and upper is None:
        raise ValueError("clip: expected lower, upper or both, got neither")
    limited = x if lower is None else ops.maximum(x, lower)
    return limited if upper is None else ops.minimum(limited, upper)


def cos(x: Operand) -> Tensor:
    """Cosine of radians."""
    return ops.cos(x)


def cosh(x: Operand) -> Tensor:
    """Hyperbolic cosine."""
    return ops.cosh(x)


def div(x: Operand, y: Operand) -> Tensor:
    """x / y; integers give float32."""
    return ops.div(x, y)


def equal(x: Operand, y: Operand) -> Tensor:
    """Whether x == y, a bool tensor."""
    return ops.equal(x, y)


def exp(x: Operand) -> Tensor:
    """e to the power of x."""
    return ops.exp(x)


def expm1(x: Operand) -> Tensor:
    """exp(x) - 1, accurate near 0."""
    return ops.expm1(x)


def floor(x: Operand) -> Tensor:
    """Largest integer not above; integers stay as they are."""
    return ops.floor(x)


def floor_div(x: Operand, y: Operand) -> Tensor:
    """x / y rounded towards minus infinity; integers by 0 give 0."""
    return ops.floor_div(x, y)


def greater(x: Operand, y: Operand) -> Tensor:
    """Whether x > y, a bool tensor."""
    return ops.greater(x, y)


def greater_equal(x: Operand, y: Operand) -> Tensor:
    """Whether x >= y, a bool tensor."""
    return ops.greater_equal(x, y)


def left_shift(x: Operand, y: Operand) -> Tensor:
    """x << y, integers only."""
    return ops.left_shift(x, y)


def less(x: Operand, y: Operand) -> Tensor:
    """Whether x < y, a bool tensor."""
    return ops.less(x, y)


def less_equal(x: Operand, y: Operand) -> Tensor:
    """Whether x <= y, a bool tensor."""
    return ops.less_equal(x, y)


def log(x: Operand) -> Tensor:
    """Natural logarithm."""
    return ops.log(x)


def log1p(x: Operand) -> Tensor:
    """log(1 + x), accurate near 0."""
    return ops.log1p(x)


def logaddexp(x: Operand, y: Operand) -> Tensor:
    """log(exp(x) + exp(y)) without overflow."""
    return ops.logaddexp(x, y)


def logical_and(x: Operand, y: Operand) -> Tensor:
    """x and y, bool tensors."""
    return ops.logical_and(x, y)


def logical_not(x: Operand) -> Tensor:
    """Negation of a bool tensor."""
    return ops.logical_not(x)


def logical_or(x: Operand, y: Operand) -> Tensor:
    """x or y, bool tensors."""
    return ops.logical_or(x, y)


def logical_xor(x: Operand, y: Operand) -> Tensor:
    """Whether exactly one of two bool tensors holds."""
    return ops.logical_xor(x, y)


def maximum(x: Operand, y: Operand) -> Tensor:
    """The larger; NaN where either is NaN."""
    return ops.maximum(x, y)


def minimum(x: Operand, y: Operand) -> Tensor:
    """The smaller; NaN where either is NaN."""
    return ops.minimum(x, y)


def mod(x: Operand, y: Operand) -> Tensor:
    """Remainder: floats take the dividend's sign (C's fmod), integers the divisor's, as in MegEngine.

    >>> import keima
    >>> mod(keima.Tensor([-7]), 3), mod(keima.Tensor([-7.0]), 3)
    (Tensor([2], dtype=int32, device=cpu0), Tensor([-1.], device=cpu0))
    """
    return ops.mod(x, y)


def mul(x: Operand, y: Operand) -> Tensor:
    """x * y."""
    return ops.mul(x, y)


def neg(x: Operand) -> Tensor:
    """-x."""
    return ops.neg(x)


def not_equal(x: Operand, y: Operand) -> Tensor:
    """Whether x != y, a bool tensor."""
    return ops.not_equal(x, y)


def pow(x: Operand, y: Operand) -> Tensor:
    """x to the power of y, in a float type. The gradient at x = 0, y = 0 is NaN, as in MegEngine."""
    return ops.pow(x, y)


def right_shift(x: Operand, y: Operand) -> Tensor:
    """x >> y, integers only."""
    return ops.right_shift(x, y)


def round(x: Operand) -> Tensor:
    """Nearest integer, halves away from zero."""
    return ops.round(x)


def sin(x: Operand) -> Tensor:
    """Sine of radians."""
    return ops.sin(x)


def sinh(x: Operand) -> Tensor:
    """Hyperbolic sine."""
    return ops.sinh(x)


def sqrt(x: Operand) -> Tensor:
    """Square root; NaN for negative numbers."""
    return ops.sqrt(x)


def square(x: Operand) -> Tensor:
    """x * x."""
    return ops.square(x)


def sub(x: Operand, y: Operand) -> Tensor:
    """x - y."""
    return ops.sub(x, y)


def tan(x: Operand) -> Tensor:
    """Tangent of radians."""
    return ops.tan(x)


def tanh(x: Operand) -> Tensor:
    """Hyperbolic tangent."""
    return ops.tanh(x)
