# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Ops that move, cut, join, convert or make elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _box(starts: Any, sizes: Any, steps: Any) -> tuple[slice, ...]:
    def one(start: int, size: int, step: int) -> slice:
        stop = start + size * step
        return slice(start, None if stop < 0 else stop, step)

    return tuple(one(*parts) for parts in zip(starts, sizes, steps, strict=True))


def _slice_set(x: Array, value: Array, starts: Any, sizes: Any, steps: Any) -> Array:
    out = x.copy()
    out[_box(starts, sizes, steps)] = value
    return out


def _slice_add(x: Array, value: Array, starts: Any, sizes: Any, steps: Any) -> Array:
    out = x.copy()
    out[_box(starts, sizes, steps)] += value
    return out


def _boxes(rng: np.random.Generator) -> list[Case]:
    return [
        Case((rng.uniform(-1, 1, (5, 6)), rng.uniform(-1, 1, sizes)), (starts, sizes, steps))
        for starts, sizes, steps in [((0, 0), (5, 6), (1, 1)), ((4, 1), (2, 3), (-2, 2)), ((1, 1), (0, 2), (1, 1))]
    ]


REFERENCES["reshape"] = Reference(
    lambda x, shape: x.reshape(shape),
    lambda rng: [
        Case((rng.uniform(-1, 1, (2, 3, 4)),), (shape,)) for shape in [(24,), (4, -1), (1, 2, 12), (2, 3, 4, 1)]
    ],
    differentiable=(0,),
)
REFERENCES["transpose"] = Reference(
    lambda x, pattern: np.expand_dims(
        x.transpose([a for a in pattern if a >= 0]), tuple(i for i, a in enumerate(pattern) if a < 0)
    ),
    lambda rng: [Case((rng.uniform(-1, 1, (2, 3, 4)),), (p,)) for p in [(0, 1, 2), (2, 0, 1), (1, -1, 0, 2, -1)]],
    differentiable=(0,),
)
REFERENCES["broadcast_to"] = Reference(
    lambda x, shape: np.broadcast_to(x, shape),
    lambda rng: [Case((rng.uniform(-1, 1, (3, 1)),), (shape,)) for shape in [(3, 1), (3, 4), (2, 3, 4)]],
    differentiable=(0,),
)
REFERENCES["slice"] = Reference(
    lambda x, starts, sizes, steps: x[_box(starts, sizes, steps)],
    lambda rng: [
        Case((rng.uniform(-1, 1, (5, 6)),), a)
        for a in [((0, 0), (5, 6), (1, 1)), ((4, 1), (2, 3), (-2, 2)), ((2, 3), (0, 1), (1, 1))]
    ],
    differentiable=(0,),
)
REFERENCES["slice_set"] = Reference(_slice_set, _boxes, differentiable=(0, 1))
REFERENCES["slice_add"] = Reference(_slice_add, _boxes, differentiable=(0, 1))
REFERENCES["concat"] = Reference(
    lambda *args: np.concatenate(args[:-1], axis=args[-1]),
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, s) for s in shapes), (axis,))
        for shapes, axis in [(((2, 3), (2, 3)), 0), (((2, 1, 2), (2, 3, 2), (2, 0, 2)), 1), (((4,), (2,)), -1)]
    ],
    differentiable=(0, 1),
    sequence=True,
)
REFERENCES["cast"] = Reference(
    lambda x, dtype: x.astype(dtype),
    lambda rng: [Case((rng.uniform(-100, 100, (3, 5)),), (dtype,)) for dtype in ("float32", "int32", "int8", "bool")],
)
REFERENCES["full"] = Reference(
    lambda shape, value, dtype: np.full(shape, value, dtype),
    lambda rng: [Case((), ((2, 3), 1.5, "float32")), Case((), ((), 7.0, "int32")), Case((), ((0, 2), 1.0, "bool"))],
)
REFERENCES["arange"] = Reference(
    lambda start, step, count: start + step * np.arange(count),
    lambda rng: [Case((), (0.0, 1.0, 5)), Case((), (2.0, -0.5, 4)), Case((), (0.0, 1.0, 0))],
)
