# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Layer normalisation and its gradient."""

from __future__ import annotations

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _layer_norm(x: Array, weight: Array | None, bias: Array | None, dims: int, eps: float) -> Array:
    axes = tuple(range(x.ndim - dims, x.ndim))
    centered = x - x.mean(axes, keepdims=True)
    out = centered / np.sqrt((centered**2).mean(axes, keepdims=True) + eps)
    return out * (1 if weight is None else weight) + (0 if bias is None else bias)


REFERENCES["layer_norm"] = Reference(
    _layer_norm,
    lambda rng: (
        [
            Case((rng.uniform(-1, 1, (4, 3, 5)), rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape)), (dims, 1e-3))
            for dims, shape in [(1, (5,)), (2, (3, 5))]
        ]
        + [Case((rng.uniform(-1, 1, (2, 20)), None, None), (1, 1e-5))]
    ),
    differentiable=(0, 1, 2),
)


def _layer_norm_backward(
    x: Array, dy: Array, weight: Array | None, dims: int, eps: float
) -> tuple[Array, Array, Array]:
    axes, rows = tuple(range(x.ndim - dims, x.ndim)), tuple(range(x.ndim - dims))
    deviation = np.sqrt(x.var(axes, keepdims=True) + eps)
    z = (x - x.mean(axes, keepdims=True)) / deviation
    g = dy * (1 if weight is None else weight)
    dx = (g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True)) / deviation
    return dx, (dy * z).sum(rows), dy.sum(rows)


REFERENCES["layer_norm_backward"] = Reference(
    _layer_norm_backward,
    lambda rng: [
        Case((rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape), weight), (dims, 1e-3))
        for shape, dims, weight in [
            ((70, 2, 20), 1, rng.uniform(-1, 1, (20,))),
            ((4, 3, 5), 2, rng.uniform(-1, 1, (3, 5))),
            ((2, 20), 1, None),
            ((0, 6), 1, None),
        ]
    ],
    tolerance=5e-6,
)
