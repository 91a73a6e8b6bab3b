# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Normalisation: of batches, layers, groups and neighbouring channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._core import ShapeError, Tensor, UnsupportedError, ops
from ..autodiff import no_grad
from ..typing import integers
from .tensor import concat, positive_axis, reshape, zeros

__all__ = [
    "batch_norm",
    "general_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "sync_batch_norm",
]


def batch_norm(
    inp: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    training: bool = False,
    momentum: float = 0.9,
    eps: float = 1e-05,
    inplace: bool = True,
) -> Tensor:
    """Batch normalisation over every dimension but the second (Ioffe and Szegedy, 2015).

    In training the statistics are the batch's, and the running ones become momentum * running + (1 - momentum) * batch
    (with the unbiased variance) when `inplace`; otherwise the running ones are used.

    Args:
        inp: float32, (N, C, ...).
        running_mean, running_var, weight, bias: (1, C, 1, ...).
    """
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: running_mean and running_var are required unless training")
        scale = 1.0 / ops.sqrt(running_var + eps)
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale if bias is None else bias - running_mean * scale
        return inp * scale + shift
    out, mean, variance = ops.batch_norm_train(inp, weight, bias, eps)
    if inplace and running_mean is not None and running_var is not None:
        with no_grad():
            count = inp.size // inp.shape[1]
            unbiased = variance * (count / max(count - 1, 1))
            running_mean._reset(running_mean * momentum + reshape(mean, running_mean.shape) * (1 - momentum))
            running_var._reset(running_var * momentum + reshape(unbiased, running_var.shape) * (1 - momentum))
    return out


def sync_batch_norm(
    inp: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.9,
    eps: float = 1e-05,
    eps_mode: str = "additive",
    group: Any = None,
) -> Tensor:
    """Batch normalisation with the statistics of all processes of `group`; of this one, while there is no other.

    `eps_mode` "additive" is the one there is.
    """
    if eps_mode.lower() != "additive":
        raise UnsupportedError(f"sync_batch_norm: eps_mode {eps_mode!r} is not supported; expected 'additive'")
    if group is not None:
        raise UnsupportedError("sync_batch_norm: expected group=None: there is one process, until keima.distributed is")
    return batch_norm(inp, running_mean, running_var, weight, bias, training=training, momentum=momentum, eps=eps)


def _standardize(inp: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    """Zero mean and unit variance over `axes`."""
    centered = inp - ops.mean(inp, axes, True)
    return centered / ops.sqrt(ops.mean(ops.square(centered), axes, True) + eps)


def _affine(inp: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    scaled = inp if weight is None else inp * weight
    return scaled if bias is None else scaled + bias


def layer_norm(
    inp: Tensor,
    normalized_shape: int | Sequence[int],
    affine: bool,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Standardised over the last dimensions, whose sizes are `normalized_shape` (Ba et al., 2016)."""
    shape = integers(normalized_shape)
    if not shape or inp.shape[-len(shape) :] != shape:
        raise ValueError(f"layer_norm: expected sizes of the last dimensions of shape {inp.shape}, got {shape}")
    if not affine:
        weight = bias = None
    if all(t is None or t.dtype == "float32" for t in (inp, weight, bias)):
        return ops.layer_norm(inp, weight, bias, len(shape), eps)
    return _affine(_standardize(inp, range(inp.ndim - len(shape), inp.ndim), eps), weight, bias)


def general_norm(
    inp: Tensor,
    normalized_axis: int | Sequence[int],
    affine: bool = True,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Standardised over `normalized_axis`; weight and bias have the sizes of these axes."""
    axes = sorted(positive_axis("general_norm", axis, inp.ndim) for axis in integers(normalized_axis))
    normal = _standardize(inp, axes, eps)
    if not affine:
        return normal
    shape = [size if i in axes else 1 for i, size in enumerate(inp.shape)]
    return _affine(
        normal, None if weight is None else reshape(weight, shape), None if bias is None else reshape(bias, shape)
    )


def group_norm(
    inp: Tensor,
    num_groups: int,
    affine: bool,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Standardised over groups of channels of (N, C, ...) (Wu and He, 2018); weight and bias are (C,)."""
    if inp.ndim < 2:
        raise ShapeError(f"group_norm: expected an input of shape (N, C, ...), got {inp.shape}")
    batch, channels = inp.shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"group_norm: {channels} channels cannot be divided into {num_groups} groups")
    grouped = reshape(inp, (batch, num_groups, channels // num_groups * math.prod(inp.shape[2:])))
    normal = reshape(_standardize(grouped, (2,), eps), inp.shape)
    shape = (1, channels) + (1,) * (inp.ndim - 2)
    if not affine:
        return normal
    return _affine(
        normal, None if weight is None else reshape(weight, shape), None if bias is None else reshape(bias, shape)
    )


def instance_norm(
    inp: Tensor, affine: bool, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05
) -> Tensor:
    """Standardised over each channel of each image; weight and bias are (C,)."""
    return group_norm(inp, inp.shape[1], affine, weight, bias, eps)


def local_response_norm(
    inp: Tensor, kernel_size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
) -> Tensor:
    """inp / (k + alpha s)^beta, s the sum of squares over `kernel_size` channels around each (Krizhevsky et al., 2012).

    Args:
        inp: (N, C, H, W).
        kernel_size: odd.
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"local_response_norm: kernel_size must be odd, got {kernel_size}")
    if inp.ndim != 4:
        raise ShapeError(f"local_response_norm: expected an input of shape (N, C, H, W), got {inp.shape}")
    batch, channels, *size = inp.shape
    border = zeros((batch, kernel_size // 2, *size), dtype=inp.dtype)
    squares = concat([border, ops.square(inp), border], 1)
    total = squares[:, :channels]
    for shift in range(1, kernel_size):
        total = total + squares[:, shift : shift + channels]
    return inp / ops.pow(k + alpha * total, beta)
