# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Batch normalisation and its gradient."""

from __future__ import annotations

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _channel_axes(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _batch_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    axes = _channel_axes(x)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    shape = mean.shape
    scale = np.ones(shape) if weight is None else weight.reshape(shape)
    shift = np.zeros(shape) if bias is None else bias.reshape(shape)
    return (x - mean) / np.sqrt(variance + eps) * scale + shift, mean, variance


def _batch_norm_backward(
    x: Array, w: Array, dy: Array, mean: Array, variance: Array, eps: float
) -> tuple[Array, Array, Array]:
    axes, s = _channel_axes(x), 1 / np.sqrt(variance + eps)
    normal = (x - mean) * s
    dw, db = (dy * normal).sum(axes, keepdims=True), dy.sum(axes, keepdims=True)
    count = x.size / x.shape[1]
    return w * s * (dy - db / count - normal * dw / count), dw, db


def _batch_norm_cases(rng: np.random.Generator) -> list[Case]:
    made = []
    for shape in [(4, 3, 3, 2), (3, 17, 2, 2), (6, 24)]:
        channels = (1, shape[1]) + (1,) * (len(shape) - 2)
        affine = (rng.uniform(0.5, 1.5, channels), rng.uniform(-1, 1, channels))
        made += [
            Case((rng.uniform(-1, 1, shape), *affine), (1e-5,)),
            Case((rng.uniform(-1, 1, shape), None, None), (1e-5,)),
        ]
    return made


def _batch_norm_backward_cases(rng: np.random.Generator) -> list[Case]:
    made = []
    for shape in [(4, 3, 3, 2), (3, 17, 2, 2)]:
        x, dy = rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape)
        weight = rng.uniform(0.5, 1.5, (1, shape[1], 1, 1))
        statistics = (x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True))
        made.append(Case((x, weight, dy, *statistics), (1e-5,)))
    return made


REFERENCES["batch_norm_train"] = Reference(
    _batch_norm, _batch_norm_cases, tolerance=5e-6, differentiable=(0, 1, 2), gradient_tolerance=5e-3
)
REFERENCES["batch_norm_backward"] = Reference(_batch_norm_backward, _batch_norm_backward_cases, tolerance=1e-5)
