# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Attention as one op, which MegEngine has for cuDNN's layout of weights only."""

from __future__ import annotations

from math import prod

from .._core import ShapeError, Tensor, ops

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, scale: float | None = None) -> Tensor:
    """softmax(scale * query @ key.T) @ value over the last two dimensions (Vaswani et al., 2017).

    The matrix of weights is never in memory as a whole, neither here nor in the gradient, which computes it again.

    Args:
        query: (..., queries, width), float32.
        key: (..., keys, width), with the same leading dimensions.
        value: (..., keys, value_width), with the same leading dimensions.
        scale: 1 / sqrt(width) by default.

    Returns:
        (..., queries, value_width).

    Raises:
        ShapeError: the shapes do not fit each other.
        DtypeError: a tensor is not of float32.

    >>> import keima
    >>> import keima.functional as F
    >>> q, k, v = keima.random.normal(size=(3, 2, 4, 5, 8))
    >>> F.scaled_dot_product_attention(q, k, v).shape
    (2, 4, 5, 8)
    """
    if min(query.ndim, key.ndim, value.ndim) < 2 or not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        raise ShapeError(
            "scaled_dot_product_attention: expected shapes (..., rows, width) with the same leading dimensions, "
            f"got {query.shape}, {key.shape} and {value.shape}"
        )
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    if query.ndim == 4:
        return ops.attention(query, key, value, False, factor)
    q, k, v = (_with_two_leading(tensor) for tensor in (query, key, value))
    return ops.reshape(ops.attention(q, k, v, False, factor), (*query.shape[:-1], value.shape[-1]))


def _with_two_leading(tensor: Tensor) -> Tensor:
    """(..., rows, columns) as (heads, 1, rows, columns)."""
    return ops.reshape(tensor, (prod(tensor.shape[:-2]), 1, *tensor.shape[-2:]))
