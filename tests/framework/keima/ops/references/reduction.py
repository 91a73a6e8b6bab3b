# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Sums, means, extremes and their places along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _numpy_axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction_cases(empty: bool) -> Callable[[np.random.Generator], list[Case]]:
    def cases(rng: np.random.Generator) -> list[Case]:
        made = [
            Case((rng.uniform(0.5, 2, shape),), (axis, keepdims))
            for shape, axis in [
                ((7,), 0),
                ((3, 5), None),
                ((3, 5), 1),
                ((2, 3, 4), [0, 2]),
                ((2, 3, 4), -1),
                ((2, 17, 3, 3), [0, 2, 3]),
            ]
            for keepdims in (False, True)
        ]
        return [*made, Case((np.zeros((0, 3)),), (0, False))] if empty else made

    return cases


for _name, _reduce in {"sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min}.items():
    REFERENCES[_name] = Reference(
        lambda x, axis, keepdims, reduce=_reduce: reduce(x, axis=_numpy_axis(axis), keepdims=keepdims),
        _reduction_cases(empty=_name in ("sum", "prod")),
        differentiable=(0,),
        tolerance=3e-6,
    )
for _name, _position in {"argmax": np.argmax, "argmin": np.argmin}.items():
    REFERENCES[_name] = Reference(
        lambda x, axis, keepdims, position=_position: position(x, axis=axis, keepdims=keepdims),
        lambda rng: [
            Case((rng.permutation(60).reshape(3, 4, 5).astype(float),), (axis, keep))
            for axis in (0, 1, -1, None)
            for keep in (False, True)
        ],
    )


def _sum_to(x: Array, shape: Any) -> Array:
    added = x.ndim - len(shape)
    axes = tuple(i for i in range(x.ndim) if i < added or shape[i - added] == 1)
    return x.sum(axis=axes, keepdims=True).reshape(shape)


REFERENCES["sum_to"] = Reference(
    _sum_to,
    lambda rng: [
        Case((rng.uniform(-1, 1, (2, 3, 4)),), (shape,)) for shape in [(2, 3, 4), (3, 1), (1, 1, 4), (), (4,)]
    ],
    differentiable=(0,),
)
