# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Softmax, its logarithm, their gradients, and the logarithm of a sum of powers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis, keepdims=True)


def _axis_cases(operands: int) -> Callable[[np.random.Generator], list[Case]]:
    def cases(rng: np.random.Generator) -> list[Case]:
        shapes: list[tuple[tuple[int, ...], int]] = [((3, 4, 5), 0), ((3, 4, 5), 1), ((2, 17), -1), ((0, 3), 1)]
        return [Case(tuple(rng.uniform(-3, 3, shape) for _ in range(operands)), (axis,)) for shape, axis in shapes]

    return cases


REFERENCES["softmax"] = Reference(_softmax, _axis_cases(1), differentiable=(0,))
REFERENCES["log_softmax"] = Reference(
    lambda x, axis: x - np.logaddexp.reduce(x, axis, keepdims=True), _axis_cases(1), differentiable=(0,)
)
REFERENCES["softmax_backward"] = Reference(
    lambda y, dy, axis: y * (dy - (dy * y).sum(axis, keepdims=True)), _axis_cases(2)
)
REFERENCES["log_softmax_backward"] = Reference(
    lambda y, dy, axis: dy - np.exp(y) * dy.sum(axis, keepdims=True), _axis_cases(2), tolerance=4e-6
)
REFERENCES["logsumexp"] = Reference(
    lambda x, axis, keepdims: np.logaddexp.reduce(x, axis, keepdims=keepdims),
    lambda rng: (
        [Case((rng.uniform(-3, 3, (3, 4, 5)),), (axis, keepdims)) for axis in (0, 1, -1) for keepdims in (False, True)]
        + [Case((rng.uniform(-1, 1, (7,)) + 500,), (0, False)), Case((np.zeros((0, 3)),), (1, False))]
    ),
    differentiable=(0,),
)
