# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reading and writing by indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _put(x: Array, at: Array, value: Array) -> Array:
    out = x.copy()
    out[at.astype(int)] = value
    return out


def _add_at(x: Array, at: Array, value: Array) -> Array:
    out = x.astype(float).copy()
    np.add.at(out, at.astype(int), value)
    return out


def _along(x: Array, at: Array, value: Array, axis: int, add: bool) -> Array:
    out = x.astype(float).copy()
    places = list(np.indices(at.shape))
    places[axis] = at.astype(int)
    if add:
        np.add.at(out, tuple(places), value)
    else:
        np.put_along_axis(out, at.astype(int), value, axis)
    return out


def _int32(*values: Any) -> Array:
    return np.array(values, dtype=np.int32)


def _axis_index(rng: np.random.Generator, axis: int, repeats: bool) -> Array:
    shape = [3, 4, 5]
    size = shape[axis]
    if repeats:
        shape[axis] = 6
        return rng.integers(0, size, shape).astype(np.int32)
    return np.argsort(rng.random(shape), axis=axis).astype(np.int32)


REFERENCES["take_rows"] = Reference(
    lambda x, at: x[at.astype(int)],
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0, 4))), Case((rng.uniform(-1, 1, (5, 3)), _int32()))],
    differentiable=(0,),
)
REFERENCES["put_rows"] = Reference(
    _put,
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0), rng.uniform(-1, 1, (2, 3))))],
    differentiable=(0, 2),
)
REFERENCES["add_rows"] = Reference(
    _add_at,
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0, 4), rng.uniform(-1, 1, (3, 3))))],
    differentiable=(0, 2),
)
REFERENCES["gather"] = Reference(
    lambda x, at, axis: np.take_along_axis(x, at.astype(int), axis),
    lambda rng: [Case((rng.uniform(-1, 1, (3, 4, 5)), _axis_index(rng, axis, True)), (axis,)) for axis in (0, 1, 2)],
    differentiable=(0,),
)
REFERENCES["scatter"] = Reference(
    lambda x, at, v, axis: _along(x, at, v, axis, False),
    lambda rng: [
        Case((rng.uniform(-1, 1, (3, 4, 5)), _axis_index(rng, axis, False), rng.uniform(-1, 1, (3, 4, 5))), (axis,))
        for axis in (0, 1, 2)
    ],
    differentiable=(0, 2),
)
REFERENCES["scatter_add"] = Reference(
    lambda x, at, v, axis: _along(x, at, v, axis, True),
    lambda rng: [
        Case((rng.uniform(-1, 1, (3, 4, 5)), at, rng.uniform(-1, 1, at.shape)), (axis,))
        for axis in (0, 1, 2)
        for at in [_axis_index(rng, axis, True)]
    ],
    differentiable=(0, 2),
)
REFERENCES["one_hot"] = Reference(
    lambda x, classes, dtype: np.eye(classes)[x.astype(int)],
    lambda rng: [Case((_int32(2, 0, 1),), (4, "int32")), Case((_int32([0, 1], [1, 1]),), (2, "float32"))],
)
REFERENCES["nonzero"] = Reference(
    lambda mask: np.stack(np.nonzero(mask)),
    lambda rng: [Case((rng.random((4, 5)) > 0.5,)), Case((np.zeros((3,), bool),))],
)
REFERENCES["ravel_index"] = Reference(
    lambda *args: np.ravel_multi_index(
        np.broadcast_arrays(*(a.astype(int) % n for a, n in zip(args[:-1], args[-1], strict=True))), args[-1]
    ),
    lambda rng: [Case((_int32(0, -1, 2), _int32([1], [-4])), ((3, 4),)), Case((_int32(1, 1),), ((2,),))],
    sequence=True,
)
