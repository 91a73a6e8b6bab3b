# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Steps of optimizers."""

from __future__ import annotations

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _sgd_step(
    param: Array,
    grad: Array,
    velocity: Array,
    numbers: Array | None,
    lr: float,
    momentum: float,
    decay: float,
    nesterov: bool,
) -> tuple[Array, Array]:
    if numbers is not None:
        lr = numbers[0]
    g = grad + decay * param
    moved = momentum * velocity + g
    return param - lr * (g + momentum * moved if nesterov else moved), moved


def _adam_step(
    param: Array, grad: Array, first: Array, second: Array, numbers: Array | None, rate: float, *rest: float
) -> tuple[Array, Array, Array]:
    beta1, beta2, eps, correction, decay, shrink = rest
    if numbers is not None:
        rate, correction, shrink = numbers
    p = shrink * param
    g = grad + decay * p
    m, v = beta1 * first + (1 - beta1) * g, beta2 * second + (1 - beta2) * g**2
    return p - rate * m / (np.sqrt(correction * v) + eps), m, v


def _step_inputs(rng: np.random.Generator, shape: tuple[int, ...], states: int) -> tuple[Array, ...]:
    """A parameter, its gradient, and states, which are squares' means and so positive."""
    return (*(rng.uniform(-1, 1, shape) for _ in range(2)), *(rng.uniform(0.1, 1, shape) for _ in range(states)))


_STEP_SHAPES: list[tuple[int, ...]] = [(), (5,), (2, 17, 3, 3), (0, 4)]
REFERENCES["sgd_step"] = Reference(
    _sgd_step,
    lambda rng: [
        Case((*_step_inputs(rng, shape, 1), numbers), (0.1, 0.9, decay, nesterov))
        for shape in _STEP_SHAPES
        for decay, nesterov, numbers in ((0.0, False, None), (0.01, True, np.array([0.3])))
    ],
)
REFERENCES["adam_step"] = Reference(
    _adam_step,
    lambda rng: [
        Case((*_step_inputs(rng, shape, 2), numbers), (0.01, 0.9, 0.999, 1e-8, 1.5, decay, shrink))
        for shape in _STEP_SHAPES
        for decay, shrink, numbers in ((0.0, 0.99, None), (0.02, 1.0, np.array([0.2, 1.25, 0.9])))
    ],
)
