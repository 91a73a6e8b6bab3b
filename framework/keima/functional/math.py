# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reductions, products, norms and orders."""

from __future__ import annotations

import builtins

from .._core import Tensor, ops
from ..typing import Axes, Operand

__all__ = [
    "argmax",
    "argmin",
    "dot",
    "isinf",
    "isnan",
    "matmul",
    "max",
    "mean",
    "min",
    "norm",
    "normalize",
    "prod",
    "sign",
    "std",
    "sum",
    "var",
]


def sum(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Sum over `axis`; bools are counted as int32.

    >>> import keima
    >>> sum(keima.Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    Tensor([4. 6.], device=cpu0)
    """
    return ops.sum(inp, axis, keepdims)


def prod(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Product over `axis`."""
    return ops.prod(inp, axis, keepdims)


def mean(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over `axis`, in a float type."""
    return ops.mean(inp, axis, keepdims)


def var(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Variance over `axis`: the mean square distance from the mean (n in the denominator)."""
    return mean(ops.square(inp - mean(inp, axis, True)), axis, keepdims)


def std(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Square root of :func:`var`."""
    return ops.sqrt(var(inp, axis, keepdims))


def max(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Largest element over `axis`; NaN if there is one. Equal extrema share the gradient."""
    return ops.max(inp, axis, keepdims)


def min(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Smallest element over `axis`; NaN if there is one. Equal extrema share the gradient."""
    return ops.min(inp, axis, keepdims)


def argmax(inp: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position (int32) of the first largest element along `axis`, or in the flattened tensor."""
    return ops.argmax(inp, axis, keepdims)


def argmin(inp: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position (int32) of the first smallest element along `axis`, or in the flattened tensor."""
    return ops.argmin(inp, axis, keepdims)


def sign(x: Operand) -> Tensor:
    """-1, 0 or 1."""
    return ops.sign(x)


def isnan(inp: Operand) -> Tensor:
    """Whether each element is NaN."""
    return ops.isnan(inp)


def isinf(inp: Operand) -> Tensor:
    """Whether each element is an infinity."""
    return ops.isinf(inp)


def norm(inp: Tensor, ord: float | None = None, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Vector norm of order `ord` (default 2; infinities and 0 are taken) along `axis`.

    `axis` may be left out for a vector only, as in MegEngine.
    """
    if axis is None:
        if inp.ndim != 1:
            raise TypeError(f"norm: axis is required unless the input is a vector; got shape {inp.shape}")
        axis = 0
    order = 2.0 if ord is None else float(ord)
    if order == 0:
        return ops.sum(ops.cast(ops.not_equal(inp, 0.0), "float32"), axis, keepdims)
    magnitude = ops.abs(inp)
    if order == float("inf"):
        return max(magnitude, axis, keepdims)
    if order == float("-inf"):
        return min(magnitude, axis, keepdims)
    if order == 1:
        return sum(magnitude, axis, keepdims)
    if order == 2:
        return ops.sqrt(sum(ops.square(inp), axis, keepdims))
    return ops.pow(sum(ops.pow(magnitude, order), axis, keepdims), 1.0 / order)


def normalize(inp: Tensor, ord: float | None = None, axis: int | None = None, eps: float = 1e-12) -> Tensor:
    """inp divided by its norm along `axis`, a norm below `eps` counting as `eps`."""
    length = norm(ops.reshape(inp, (-1,)), ord) if axis is None else norm(inp, ord, axis, keepdims=True)
    return inp / ops.maximum(length, eps)


def matmul(
    inp1: Tensor,
    inp2: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    compute_mode: str = "default",
) -> Tensor:
    """Matrix product; leading dimensions broadcast, a vector is a row on the left and a column on the right.

    `compute_mode` is MegEngine's choice of accumulator; sums are always made in float32 here.

    >>> import keima
    >>> matmul(keima.Tensor([[1.0, 2.0]]), keima.Tensor([[3.0], [4.0]]))
    Tensor([[11.]], device=cpu0)
    """
    return ops.matmul(inp1, inp2, transpose_a, transpose_b)


def dot(inp1: Tensor, inp2: Tensor) -> Tensor:
    """Inner product of two vectors (or numbers)."""
    if builtins.max(inp1.ndim, inp2.ndim) > 1:
        raise ValueError(f"dot: expected vectors, got shapes {inp1.shape} and {inp2.shape}; use matmul")
    return sum(inp1 * inp2)
