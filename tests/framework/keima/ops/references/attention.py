# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Attention and its gradient."""

from __future__ import annotations

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _attention(q: Array, k: Array, v: Array, transposed_k: bool, scale: float) -> Array:
    scores = scale * q @ (k if transposed_k else k.swapaxes(2, 3))
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


REFERENCES["attention"] = Reference(
    _attention,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, shape) for shape in shapes), attrs)
        for shapes, attrs in [
            ([(2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)], (False, 0.5)),
            ([(1, 2, 5, 4), (1, 2, 4, 9), (1, 2, 9, 1)], (True, 1.0)),
            ([(1, 1, 35, 3), (1, 1, 17, 3), (1, 1, 17, 5)], (False, 0.7)),
        ]
    ],
    differentiable=(0, 1, 2),
)


def _attention_backward(q: Array, k: Array, v: Array, dout: Array, scale: float) -> tuple[Array, Array, Array]:
    scores = scale * q @ k.swapaxes(2, 3)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    dweights = dout @ v.swapaxes(2, 3)
    dscores = scale * weights * (dweights - (weights * dweights).sum(-1, keepdims=True))
    return dscores @ k, dscores.swapaxes(2, 3) @ q, weights.swapaxes(2, 3) @ dout


REFERENCES["attention_backward"] = Reference(
    _attention_backward,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, (*heads, *shape)) for shape in shapes), (scale,))
        for heads, shapes, scale in [
            ((2, 3), [(5, 4), (7, 4), (7, 6), (5, 6)], 0.5),
            ((1, 2), [(300, 3), (65, 3), (65, 1), (300, 1)], 1.0),
            ((1, 1), [(0, 4), (7, 4), (7, 6), (0, 6)], 0.5),
        ]
    ],
)
