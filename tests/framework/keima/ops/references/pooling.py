# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Pooling, and the ops on places of maxima that its gradients are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from references.adjoint import linear_adjoint
from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _windows(x: Array, kernel: Any, stride: Any, padding: Any, fill: float) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, tuple(kernel), axis=(2, 3))
    return views[:, :, :: stride[0], :: stride[1]].reshape(*views[:, :, :: stride[0], :: stride[1]].shape[:4], -1)


def _max_pool(x: Array, kernel: Any, stride: Any, padding: Any) -> tuple[Array, Array]:
    plane = np.broadcast_to(np.arange(x.shape[2] * x.shape[3], dtype=float).reshape(1, 1, *x.shape[2:]), x.shape)
    values, places = _windows(x, kernel, stride, padding, -np.inf), _windows(plane, kernel, stride, padding, -1)
    best = values.argmax(-1)[..., None]
    return np.take_along_axis(values, best, -1)[..., 0], np.take_along_axis(places, best, -1)[..., 0]


def _average_pool(x: Array, kernel: Any, stride: Any, padding: Any, count_padding: bool) -> Array:
    taps = _windows(x, kernel, stride, padding, 0)
    inside = _windows(np.ones_like(x), kernel, stride, padding, 0).sum(-1)
    return taps.sum(-1) / (math.prod(kernel) if count_padding else inside)


_POOLS = [
    ((2, 3, 6, 6), (2, 2), (2, 2), (0, 0)),
    ((1, 17, 5, 7), (3, 2), (2, 1), (1, 0)),
    ((1, 24, 4, 4), (3, 3), (1, 1), (1, 1)),
]


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """No ties: the maximum has a gradient."""
    return rng.permutation(math.prod(shape)).reshape(shape) * 0.01


def _positions(shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, rng: np.random.Generator) -> Array:
    return _max_pool(_distinct(rng, shape), kernel, stride, padding)[1].astype(np.int32)


def _gather_plane(x: Array, positions: Array, *_: Any) -> Array:
    flat = x.reshape(*x.shape[:2], -1)
    return np.take_along_axis(flat, positions.reshape(*x.shape[:2], -1).astype(int), 2).reshape(positions.shape)


REFERENCES["max_pool2d"] = Reference(
    _max_pool,
    lambda rng: [Case((_distinct(rng, s),), (k, t, p)) for s, k, t, p in _POOLS],
    differentiable=(0,),
    step=1e-3,
)
REFERENCES["max_pool2d_gather"] = Reference(
    _gather_plane,
    lambda rng: [Case((rng.uniform(-1, 1, s), _positions(s, k, t, p, rng)), (k, t, p)) for s, k, t, p in _POOLS],
    differentiable=(0,),
)
REFERENCES["max_pool2d_scatter"] = Reference(
    lambda dy, at, k, s, p, shape: linear_adjoint(lambda x: _gather_plane(x, at), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, at.shape), at), (k, t, p, s))
        for s, k, t, p in _POOLS[:2]
        for at in [_positions(s, k, t, p, rng)]
    ],
    differentiable=(0,),
)
REFERENCES["avg_pool2d"] = Reference(
    _average_pool,
    lambda rng: [Case((rng.uniform(-1, 1, s),), (k, t, p, count)) for s, k, t, p in _POOLS for count in (False, True)],
    differentiable=(0,),
)
REFERENCES["avg_pool2d_backward"] = Reference(
    lambda dy, k, s, p, count, shape: linear_adjoint(lambda x: _average_pool(x, k, s, p, count), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, _average_pool(np.zeros(s), k, t, p, True).shape),), (k, t, p, False, s))
        for s, k, t, p in _POOLS[:2]
    ],
    differentiable=(0,),
)
