# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What layers compute: MegEngine's functional.nn. Convolution, normalisation and pooling have modules of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import random
from .._core import Tensor, UnsupportedError, ops
from ..typing import Axes, Operand
from .attention import scaled_dot_product_attention
from .conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose2d,
    conv_transpose3d,
    local_conv2d,
    region_restricted_conv,
)
from .deformable import deformable_conv2d, deformable_psroi_pooling
from .math import normalize
from .normalization import (
    batch_norm,
    general_norm,
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    sync_batch_norm,
)
from .pooling import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from .tensor import expand_dims, full, reshape, squeeze

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose2d",
    "conv_transpose3d",
    "deformable_conv2d",
    "deformable_psroi_pooling",
    "dropout",
    "embedding",
    "gelu",
    "general_norm",
    "group_norm",
    "hsigmoid",
    "hswish",
    "indexing_one_hot",
    "instance_norm",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_conv2d",
    "local_response_norm",
    "logsigmoid",
    "logsoftmax",
    "logsumexp",
    "max_pool2d",
    "normalize",
    "one_hot",
    "pad",
    "pixel_shuffle",
    "prelu",
    "region_restricted_conv",
    "relu",
    "relu6",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "sync_batch_norm",
]


# --- linear maps ---------------------------------------------------------------------------------------------------


def linear(inp: Tensor, weight: Tensor, bias: Tensor | None = None, compute_mode: str = "default") -> Tensor:
    """inp @ weight.T + bias.

    Args:
        inp: (..., in_features).
        weight: (out_features, in_features).
        bias: (out_features,).
        compute_mode: MegEngine's choice of accumulator; sums are always made in float32 here.
    """
    product = ops.matmul(inp, weight, False, True)
    if bias is not None:
        product += bias  # nobody else has the product: its memory is used again
    return product


# --- activation ----------------------------------------------------------------------------------------------------


def relu(x: Operand) -> Tensor:
    """max(x, 0)."""
    return ops.relu(x)


def relu6(x: Operand) -> Tensor:
    """min(max(x, 0), 6)."""
    return ops.relu6(x)


def leaky_relu(inp: Tensor, negative_slope: float = 0.01) -> Tensor:
    """x where positive, negative_slope * x elsewhere."""
    return ops.leaky_relu(inp, negative_slope)


def prelu(x: Tensor, y: Tensor) -> Tensor:
    """x where positive, y * x elsewhere; y is one number or one a channel."""
    return ops.prelu(x, y)


def sigmoid(x: Operand) -> Tensor:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(x)


def hsigmoid(x: Operand) -> Tensor:
    """relu6(x + 3) / 6."""
    return ops.hsigmoid(x)


def hswish(x: Operand) -> Tensor:
    """x * relu6(x + 3) / 6."""
    return ops.hswish(x)


def silu(x: Operand) -> Tensor:
    """x * sigmoid(x)."""
    return ops.silu(x)


def gelu(x: Operand) -> Tensor:
    """x Phi(x), Phi the standard normal distribution function (Hendrycks and Gimpel, 2016)."""
    return ops.gelu(x)


def softplus(inp: Operand) -> Tensor:
    """log(1 + exp(x))."""
    return ops.softplus(inp)


def logsigmoid(inp: Operand) -> Tensor:
    """log(sigmoid(x))."""
    return ops.logsigmoid(inp)


def logsumexp(inp: Tensor, axis: Axes, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow.

    >>> import keima
    >>> logsumexp(keima.Tensor([[1000.0, 0.0]]), 1)
    Tensor([1000.], device=cpu0)
    """
    if isinstance(axis, int):
        return ops.logsumexp(inp, axis, keepdims)
    # The shift cancels: it needs no gradient of its own.
    top = ops.max(inp, axis, True).detach()
    finite = ops.where(ops.isinf(top), ops.full((), 0.0, inp.dtype), top)
    total = ops.log(ops.sum(ops.exp(inp - finite), axis, True)) + finite
    return total if keepdims else ops.reshape(total, ops.sum(inp, axis, False).shape)


def logsoftmax(inp: Tensor, axis: Axes) -> Tensor:
    """log(softmax(x)) over `axis`."""
    if isinstance(axis, int):
        return ops.log_softmax(inp, axis)
    return inp - logsumexp(inp, axis, keepdims=True)


def softmax(inp: Tensor, axis: int | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`; by default the second dimension of 2-D and 4-D inputs, else the first."""
    if axis is None:
        axis = 1 if inp.ndim in (2, 4) else 0
    return ops.softmax(inp, axis)


# --- others --------------------------------------------------------------------------------------------------------


def dropout(inp: Tensor, drop_prob: float, training: bool = True) -> Tensor:
    """Elements set to 0 with probability `drop_prob`, the others divided by 1 - drop_prob, when training."""
    if not 0 <= drop_prob < 1:
        raise ValueError(f"dropout: drop_prob must be in [0, 1), got {drop_prob}")
    if not training or drop_prob == 0:
        return inp
    keep = ops.cast(ops.greater_equal(random.uniform(size=inp.shape), drop_prob), inp.dtype)
    return inp * (keep * (1.0 / (1.0 - drop_prob)))


def embedding(
    inp: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float | None = None,
) -> Tensor:
    """Rows of `weight` (n, dim) by the integers of `inp`: (*inp.shape, dim).

    >>> import keima
    >>> embedding(keima.Tensor([1, 0]), keima.Tensor([[0.5, 1.0], [2.0, 3.0]]))
    Tensor([[2.  3. ]
     [0.5 1. ]], device=cpu0)
    """
    if padding_idx is not None or max_norm is not None or norm_type is not None:
        raise UnsupportedError("embedding: padding_idx, max_norm and norm_type are not supported; leave them out")
    if inp.dtype != np.int32 and np.issubdtype(inp.dtype, np.integer):
        inp = inp.astype(np.int32)
    try:
        rows = ops.take_rows(weight, ops.reshape(inp, (-1,)))  # not weight[inp], which has no counterpart in ONNX
    except IndexError as error:
        raise IndexError(f"embedding: an index names none of weight's {weight.shape[0]} rows: {error}") from error
    return ops.reshape(rows, (*inp.shape, weight.shape[1]))


def one_hot(inp: Tensor, num_classes: int) -> Tensor:
    """int32, (*inp.shape, num_classes): 1 at the label, 0 elsewhere.

    >>> import keima
    >>> one_hot(keima.Tensor([1, 0]), 3)
    Tensor([[0 1 0]
     [1 0 0]], dtype=int32, device=cpu0)
    """
    return ops.one_hot(inp, num_classes)


def indexing_one_hot(src: Tensor, index: Tensor, axis: int = 1, keepdims: bool = False) -> Tensor:
    """The element of each row along `axis` that `index` (src's shape without that axis) names, from 0 on.

    Negative positions are errors, not counted from the end: they are labels, of which some mean "none".
    """
    picked = ops.gather(src, expand_dims(index, axis), axis, False)
    return picked if keepdims else squeeze(picked, axis)


def pad(
    src: Tensor,
    pad_width: Sequence[tuple[int, int]],
    mode: str = "constant",
    constant_value: float = 0.0,
) -> Tensor:
    """`src` with (before, after) elements added to each dimension: constant, or its own ("replicate", "reflect")."""
    widths = [(int(before), int(after)) for before, after in pad_width]
    if len(widths) > src.ndim or any(min(width) < 0 for width in widths):
        raise ValueError(f"pad: expected up to {src.ndim} pairs of widths not below 0, got {pad_width}")
    widths += [(0, 0)] * (src.ndim - len(widths))
    if mode.lower() == "constant":
        shape = [size + before + after for size, (before, after) in zip(src.shape, widths, strict=True)]
        out = full(shape, constant_value, dtype=src.dtype)
        starts = [before for before, _ in widths]
        return ops.slice_set(out, src, starts, src.shape, [1] * src.ndim)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            src = src[(slice(None),) * axis + (_border_positions(src.shape[axis], before, after, mode),)]
    return src


def _border_positions(size: int, before: int, after: int, mode: str) -> list[int]:
    if mode.lower() in ("replicate", "edge"):
        return [min(max(i, 0), size - 1) for i in range(-before, size + after)]
    if mode.lower() != "reflect":
        raise ValueError(f"pad: mode must be 'constant', 'replicate' or 'reflect', got {mode!r}")
    if max(before, after) >= size:
        raise ValueError(f"pad: reflecting {max(before, after)} elements needs more than {size}")
    return [size - 1 - abs(size - 1 - abs(i)) for i in range(-before, size + after)]


def pixel_shuffle(inp: Tensor, upscale_factor: int) -> Tensor:
    """(..., C r^2, H, W) rearranged to (..., C, H r, W r) (Shi et al., 2016)."""
    *lead, channels, height, width = inp.shape
    r = int(upscale_factor)
    if r < 1 or channels % (r * r):
        raise ValueError(f"pixel_shuffle: expected channels divisible by upscale_factor^2, got {channels} and {r}")
    batch = math.prod(lead)
    split = reshape(inp, (batch, channels // (r * r), r, r, height, width))
    moved = ops.transpose(split, (0, 1, 4, 2, 5, 3))
    return reshape(moved, (*lead, channels // (r * r), height * r, width * r))
