# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reductions, products, norms and orders."""

from __future__ import annotations

import builtins

import numpy as np

from .._core import ShapeError, Tensor, UnsupportedError, ops
from ..autodiff import Function
from ..typing import Axes, Operand

__all__ = [
    "argmax",
    "argmin",
    "argsort",
    "dot",
    "isinf",
    "isnan",
    "matinv",
    "matmul",
    "max",
    "mean",
    "min",
    "norm",
    "normalize",
    "prod",
    "sign",
    "sort",
    "std",
    "sum",
    "svd",
    "topk",
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


def _root(total: Tensor, order: float = 2.0) -> Tensor:
    """total^(1/order) with gradient 0, a subgradient of a norm, where `total` is 0; the formula's is infinite there."""
    empty = ops.equal(total, 0.0)
    safe = ops.where(empty, ops.full((), 1.0, total.dtype), total)
    root = ops.sqrt(safe) if order == 2 else ops.pow(safe, 1.0 / order)
    return ops.where(empty, ops.full((), 0.0, total.dtype), root)


def std(inp: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Square root of :func:`var`; its gradient is 0 where all elements are equal."""
    return _root(var(inp, axis, keepdims))


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

    `axis` may be left out for a vector only, as in MegEngine. The gradient of a norm that is 0 is 0.
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
        return _root(sum(ops.square(inp), axis, keepdims))
    total = sum(ops.pow(magnitude, order), axis, keepdims)
    return ops.pow(total, 1.0 / order) if order < 0 else _root(total, order)


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


# --- order ---------------------------------------------------------------------------------------------------------


def sort(inp: Tensor, descending: bool = False) -> tuple[Tensor, Tensor]:
    """The elements of each row (the last axis) in order, and the positions (int32) they had.

    Stable; NaN counts as larger than infinity. (MegEngine takes at most two dimensions, and may exchange equal
    elements.)

    >>> import keima
    >>> sort(keima.Tensor([3.0, 1.0, 2.0]))
    (Tensor([1. 2. 3.], device=cpu0), Tensor([1 2 0], dtype=int32, device=cpu0))
    """
    values, positions = ops.sort(inp, descending)
    return values, positions


def argsort(inp: Tensor, descending: bool = False) -> Tensor:
    """The positions (int32) that put each row (the last axis) in order; see :func:`sort`."""
    return sort(inp, descending)[1]


def topk(
    inp: Tensor, k: int, descending: bool = True, kth_only: bool = False, no_sort: bool = False
) -> tuple[Tensor, Tensor]:
    """The k largest elements of each row (the last axis), or smallest without `descending`, and their positions.

    Args:
        inp: (..., n).
        k: from 1; more than n means n; a negative k turns `descending` around.
        kth_only: the k-th element alone, without the last axis.
        no_sort: leaves the order open; they come sorted all the same.

    >>> import keima
    >>> topk(keima.Tensor([3.0, 1.0, 2.0]), 2)[0]
    Tensor([3. 2.], device=cpu0)
    """
    if k == 0:
        raise ValueError("topk: k must not be 0")
    values, positions = ops.sort(inp, descending == (k > 0), builtins.abs(k))
    if kth_only:
        return values[..., -1], positions[..., -1]
    return values, positions


# --- matrices ------------------------------------------------------------------------------------------------------


class _Inverse(Function):
    """LAPACK's inverse; d(X^-1) = -X^-1 dX X^-1 (Petersen and Pedersen, The Matrix Cookbook, 2012, eq. 40)."""

    def forward(self, inp: Tensor) -> Tensor:
        self.inp = inp
        try:
            return Tensor(np.linalg.inv(inp.numpy()))
        except np.linalg.LinAlgError as error:
            raise ValueError(f"matinv: a matrix of the input of shape {inp.shape} is singular") from error

    def backward(self, gradient: Tensor) -> Tensor:
        # Inverted anew, as a function of the input: a kept result would be a constant to second derivatives.
        inverse = matinv(self.inp)
        return -matmul(matmul(inverse, gradient, transpose_a=True), inverse, transpose_b=True)


def matinv(inp: Tensor) -> Tensor:
    """The inverse of each float32 matrix of (..., n, n).

    >>> import keima
    >>> matinv(keima.Tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5  0.  ]
     [0.   0.25]], device=cpu0)
    """
    if inp.ndim < 2 or inp.shape[-1] != inp.shape[-2]:
        raise ShapeError(f"matinv: expected square matrices (..., n, n), got shape {inp.shape}")
    inverse: Tensor = _Inverse()(inp)
    return inverse


class _Svd(Function):
    """LAPACK's singular values and vectors."""

    def __init__(self, full_matrices: bool) -> None:
        super().__init__()
        self.full_matrices = full_matrices

    def forward(self, inp: Tensor) -> tuple[Tensor, ...]:
        return tuple(Tensor(part) for part in np.linalg.svd(inp.numpy(), self.full_matrices))

    def backward(self, *gradients: Tensor) -> Tensor:
        raise UnsupportedError("svd has no gradient here; detach its input")


def svd(inp: Tensor, full_matrices: bool = False, compute_uv: bool = True) -> tuple[Tensor, Tensor, Tensor] | Tensor:
    """Singular value decomposition U diag(S) Vt of each float32 matrix of (..., m, n), without a gradient.

    Returns (U, S, Vt), with k = min(m, n): U is (..., m, k), S (..., k) from the largest on, Vt (..., k, n); with
    `full_matrices` U and Vt are square. Without `compute_uv` S alone.
    """
    if inp.ndim < 2:
        raise ShapeError(f"svd: expected matrices (..., m, n), got shape {inp.shape}")
    left, values, right = _Svd(full_matrices)(inp)
    return (left, values, right) if compute_uv else values
