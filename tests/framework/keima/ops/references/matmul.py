# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Products of matrices, with what follows them or without."""

from __future__ import annotations

import math

import numpy as np

from references.activation import activated
from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}

REFERENCES["matmul"] = Reference(
    lambda a, b, ta, tb: np.matmul(np.swapaxes(a, -1, -2) if ta else a, np.swapaxes(b, -1, -2) if tb else b),
    lambda rng: [
        Case((rng.uniform(-1, 1, a), rng.uniform(-1, 1, b)), (ta, tb))
        for a, b, ta, tb in [
            ((3, 4), (4, 5), False, False),
            ((4, 3), (4, 5), True, False),
            ((3, 4), (5, 4), False, True),
            ((4, 3), (5, 4), True, True),
            ((4,), (4,), False, False),
            ((4,), (4, 5), False, False),
            ((3, 4), (4,), False, False),
            ((2, 1, 3, 4), (5, 4, 2), False, False),
            ((3, 4), (2, 4, 5), False, False),
            ((33, 65), (65, 17), False, False),
        ]
    ],
    differentiable=(0, 1),
)


def _linear_fused(x: Array, w: Array, b: Array | None, residual: Array | None, activation: str) -> Array:
    out = x @ w.T + (0 if b is None else b) + (0 if residual is None else residual)
    if activation != "gelu":
        return activated(out, activation)
    return out * 0.5 * (1 + np.vectorize(math.erf)(out / 2**0.5))


REFERENCES["linear_fused"] = Reference(
    _linear_fused,
    lambda rng: (
        [
            Case((rng.uniform(-1, 1, (*batch, 9)), rng.uniform(-1, 1, (17, 9)), bias, residual), (activation,))
            for batch in [(), (3,), (2, 5)]
            for bias, residual, activation in [
                (None, None, "relu"),
                (rng.uniform(-1, 1, 17), None, "relu6"),
                (rng.uniform(-1, 1, 17), rng.uniform(-1, 1, (*batch, 17)), ""),
                (rng.uniform(-1, 1, 17), None, "gelu"),
            ]
        ]
        + [Case((np.zeros((0, 9)), rng.uniform(-1, 1, (17, 9)), None, None), ("",))]
    ),
)
