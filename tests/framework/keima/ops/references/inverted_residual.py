# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Inverted residual blocks: three convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.activation import activated
from references.conv import conv2d
from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _inverted_residual(
    x: Array,
    depthwise: Array,
    project: Array,
    expand: Array | None,
    expand_bias: Array | None,
    depthwise_bias: Array | None,
    project_bias: Array | None,
    residual: Array | None,
    *attrs: Any,
) -> Array:
    stride, padding, *activations = attrs
    one, none = (1, 1), (0, 0)
    if expand is not None:
        x = activated(conv2d(x, expand, expand_bias, one, none, one, 1), activations[0])
    x = activated(conv2d(x, depthwise, depthwise_bias, stride, padding, one, len(depthwise)), activations[1])
    x = conv2d(x, project, project_bias, one, none, one, 1)
    return activated(x if residual is None else x + residual, activations[2])


def _inverted_residual_case(
    rng: np.random.Generator, sizes: tuple[int, int, int], kernel: int, stride: int, expands: bool, biases: bool
) -> Case:
    def uniform(*shape: int) -> Array:
        return rng.uniform(-1, 1, shape)

    channels, hidden, out = sizes
    x = uniform(2, channels if expands else hidden, 6, 5)
    bias = [uniform(1, size, 1, 1) if biases else None for size in (hidden, hidden, out)]
    operands = (
        uniform(hidden, 1, 1, kernel, kernel),
        uniform(out, hidden, 1, 1),
        uniform(hidden, channels, 1, 1) if expands else None,
        bias[0] if expands else None,
        *bias[1:],
        uniform(2, out, 6, 5) if biases and stride == 1 else None,
    )
    return Case(
        (x, *operands), ((stride, stride), (kernel // 2, kernel // 2), "relu6", "relu", "relu6" if biases else "")
    )


REFERENCES["inverted_residual"] = Reference(
    _inverted_residual,
    lambda rng: [
        _inverted_residual_case(rng, sizes, kernel, stride, expands, biases)
        for sizes in ((3, 18, 5), (16, 32, 17))
        for kernel, stride in ((3, 1), (5, 2))
        for expands in (True, False)
        for biases in (True, False)
    ],
)
