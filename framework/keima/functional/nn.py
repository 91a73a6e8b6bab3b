# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What layers compute: convolution, pooling, normalisation, activation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import random
from .._core import ShapeError, Tensor, UnsupportedError, ops
from ..autodiff import no_grad
from ..typing import Axes, Operand, Pair
from .conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose2d,
    conv_transpose3d,
    local_conv2d,
    pair,
    region_restricted_conv,
)
from .deformable import deformable_conv2d, deformable_psroi_pooling
from .math import normalize
from .tensor import concat, expand_dims, full, positive_axis, reshape, squeeze

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
    return product if bias is None else product + bias


# --- pooling -------------------------------------------------------------------------------------------------------


def max_pool2d(inp: Tensor, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> Tensor:
    """Largest element of each window of (N, C, H, W); `stride` defaults to the window's size."""
    window = pair(kernel_size)
    return ops.max_pool2d(inp, window, window if stride is None else pair(stride), pair(padding))[0]


def avg_pool2d(
    inp: Tensor,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    mode: str = "average_count_exclude_padding",
) -> Tensor:
    """Mean of each window of (N, C, H, W); mode "average" counts padding as zeros, the default leaves it out."""
    if mode not in ("average", "average_count_exclude_padding"):
        raise ValueError(f"avg_pool2d: mode must be 'average' or 'average_count_exclude_padding', got {mode!r}")
    window = pair(kernel_size)
    steps = window if stride is None else pair(stride)
    return ops.avg_pool2d(inp, window, steps, pair(padding), mode == "average")


def _adaptive_sizes(inp: Tensor, oshp: Pair | Tensor, name: str) -> tuple[int, int]:
    sizes = pair([int(size) for size in oshp] if isinstance(oshp, Tensor) else oshp)
    if inp.ndim != 4:
        raise ShapeError(f"{name}: expected an input of shape (N, C, H, W), got {inp.shape}")
    if min(sizes) < 1:
        raise ValueError(f"{name}: expected an output of at least 1x1, got {sizes}")
    return sizes


def _cut_windows(inp: Tensor, sizes: tuple[int, int]) -> list[list[Tensor]]:
    """The windows of an adaptive pooling, cut out: output i covers floor(i n / m) to ceil((i + 1) n / m)."""
    bounds = [
        [(i * inp.shape[2 + d] // sizes[d], -((i + 1) * inp.shape[2 + d] // -sizes[d])) for i in range(sizes[d])]
        for d in (0, 1)
    ]
    return [[inp[:, :, top:bottom, left:right] for left, right in bounds[1]] for top, bottom in bounds[0]]


def _even_window(inp: Tensor, sizes: tuple[int, int]) -> tuple[int, int] | None:
    """The window where an adaptive pooling is an ordinary one."""
    if inp.shape[2] % sizes[0] or inp.shape[3] % sizes[1]:
        return None
    return inp.shape[2] // sizes[0], inp.shape[3] // sizes[1]


def adaptive_avg_pool2d(inp: Tensor, oshp: Pair | Tensor) -> Tensor:
    """Means over windows chosen so that the result is (N, C, *oshp)."""
    sizes = _adaptive_sizes(inp, oshp, "adaptive_avg_pool2d")
    window = _even_window(inp, sizes)
    if window is not None:
        return avg_pool2d(inp, window)
    rows = _cut_windows(inp, sizes)
    return concat([concat([ops.mean(cell, (2, 3), True) for cell in row], 3) for row in rows], 2)


def adaptive_max_pool2d(inp: Tensor, oshp: Pair | Tensor) -> Tensor:
    """Maxima over windows chosen so that the result is (N, C, *oshp)."""
    sizes = _adaptive_sizes(inp, oshp, "adaptive_max_pool2d")
    window = _even_window(inp, sizes)
    if window is not None:
        return max_pool2d(inp, window)
    rows = _cut_windows(inp, sizes)
    return concat([concat([ops.max(cell, (2, 3), True) for cell in row], 3) for row in rows], 2)


# --- normalisation -------------------------------------------------------------------------------------------------


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
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if inp.shape[-len(shape) :] != shape:
        raise ValueError(f"layer_norm: expected an input that ends in {shape}, got shape {inp.shape}")
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
    wanted = [normalized_axis] if isinstance(normalized_axis, int) else normalized_axis
    axes = sorted(positive_axis("general_norm", axis, inp.ndim) for axis in wanted)
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
    batch, channels = inp.shape[:2]
    if num_groups < 1 or channels % num_groups:
        raise ValueError(f"group_norm: {channels} channels cannot be divided into {num_groups} groups")
    grouped = reshape(inp, (batch, num_groups, -1))
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
    reach, channels = kernel_size // 2, inp.shape[1]
    squares = pad(ops.square(inp), [(0, 0), (reach, reach), (0, 0), (0, 0)])
    total = squares[:, :channels]
    for shift in range(1, kernel_size):
        total = total + squares[:, shift : shift + channels]
    return inp / ops.pow(k + alpha * total, beta)


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
    """Rows of `weight` (n, dim) by the integers of `inp`: (*inp.shape, dim)."""
    if padding_idx is not None or max_norm is not None or norm_type is not None:
        raise UnsupportedError("embedding: padding_idx, max_norm and norm_type are not supported; leave them out")
    return weight[inp]


def one_hot(inp: Tensor, num_classes: int) -> Tensor:
    """int32, (*inp.shape, num_classes): 1 at the label, 0 elsewhere.

    >>> import keima
    >>> one_hot(keima.Tensor([1, 0]), 3)
    Tensor([[0 1 0]
     [1 0 0]], dtype=int32, device=cpu0)
    """
    return ops.one_hot(inp, num_classes)


def indexing_one_hot(src: Tensor, index: Tensor, axis: int = 1, keepdims: bool = False) -> Tensor:
    """The element of each row along `axis` that `index` (src's shape without that axis) names."""
    picked = ops.gather(src, expand_dims(index, axis), axis)
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
    if channels % (r * r):
        raise ValueError(f"pixel_shuffle: {channels} channels are not divisible by {r}^2")
    batch = math.prod(lead)
    split = reshape(inp, (batch, channels // (r * r), r, r, height, width))
    moved = ops.transpose(split, (0, 1, 4, 2, 5, 3))
    return reshape(moved, (*lead, channels // (r * r), height * r, width * r))
