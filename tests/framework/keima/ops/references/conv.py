# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions and their gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from references.activation import activated
from references.adjoint import linear_adjoint
from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def conv2d(x: Array, w: Array, b: Array | None, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    kernel = w if w.ndim == 5 else w[None]
    _, per_out, per_in, kh, kw = kernel.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    out_h = (padded.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    out_w = (padded.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    out = np.zeros((x.shape[0], groups * per_out, out_h, out_w))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dilation[0], i * dilation[0] + (out_h - 1) * stride[0] + 1, stride[0])
            columns = slice(j * dilation[1], j * dilation[1] + (out_w - 1) * stride[1] + 1, stride[1])
            for g in range(groups):
                taps = padded[:, g * per_in : (g + 1) * per_in, rows, columns]
                out[:, g * per_out : (g + 1) * per_out] += np.einsum("nchw,oc->nohw", taps, kernel[g, :, :, i, j])
    return out if b is None else out + b


@dataclass(frozen=True)
class ConvCase:
    """Sizes of a convolution."""

    inputs: tuple[int, int, int, int]
    out: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def weight(self) -> tuple[int, ...]:
        first, second = self.out // self.groups, self.inputs[1] // self.groups
        return (first, second, *self.kernel) if self.groups == 1 else (self.groups, first, second, *self.kernel)

    @property
    def attrs(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.dilation, self.groups


CONVOLUTIONS = [
    ConvCase((2, 3, 6, 5), 4),
    ConvCase((1, 17, 5, 5), 24, stride=(2, 2)),
    ConvCase((1, 16, 1, 1), 3),
    ConvCase((1, 6, 6, 7), 6, groups=6, padding=(0, 2)),
    ConvCase((1, 8, 7, 6), 4, groups=2, dilation=(2, 1), padding=(2, 0)),
    ConvCase((2, 5, 4, 4), 7, kernel=(1, 1), padding=(0, 0), stride=(2, 1)),
]


def _conv_out(case: ConvCase) -> tuple[int, ...]:
    return conv2d(np.zeros(case.inputs), np.zeros(case.weight), None, *case.attrs).shape


REFERENCES["conv2d"] = Reference(
    conv2d,
    lambda rng: [
        Case((rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, c.weight), bias), c.attrs)
        for c in CONVOLUTIONS
        for bias in (None, rng.uniform(-1, 1, (1, c.out, 1, 1)))
    ],
    differentiable=(0, 1, 2),
)


def _conv2d_fused(x: Array, w: Array, b: Array | None, residual: Array | None, *attrs: Any) -> Array:
    *geometry, activation, _algorithm = attrs
    out = conv2d(x, w, b, *geometry)
    return activated(out if residual is None else out + residual, activation)


REFERENCES["conv2d_fused"] = Reference(
    _conv2d_fused,
    lambda rng: [
        Case(
            (rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, c.weight), bias, residual),
            (*c.attrs, activation, algorithm),
        )
        for c in CONVOLUTIONS
        for bias, residual, activation, algorithm in [
            (None, None, "", ""),
            (rng.uniform(-1, 1, (1, c.out, 1, 1)), None, "relu6", "direct"),
            (None, rng.uniform(-4, 4, _conv_out(c)), "relu", ""),
        ]
    ],
)
REFERENCES["conv2d_backward_data"] = Reference(
    lambda w, dy, s, p, d, g, shape: linear_adjoint(lambda x: conv2d(x, w, None, s, p, d, g), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, c.weight), rng.uniform(-1, 1, _conv_out(c))), (*c.attrs, c.inputs))
        for c in CONVOLUTIONS[:4]
    ],
    differentiable=(0, 1),
)
REFERENCES["conv2d_backward_weight"] = Reference(
    lambda x, dy, s, p, d, g, shape: linear_adjoint(lambda w: conv2d(x, w, None, s, p, d, g), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, _conv_out(c))), (*c.attrs, c.weight))
        for c in CONVOLUTIONS[:1] + CONVOLUTIONS[3:4]
    ],
    differentiable=(0, 1),
)
