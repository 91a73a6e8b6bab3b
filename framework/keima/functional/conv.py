# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions: of one, two and three dimensions, transposed, untied, deformed, restricted to regions.

The two-dimensional one and its adjoint are ops; the others are sums of these, or of matrix products, over the taps.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._core import ShapeError, Tensor, UnsupportedError, ops
from ..typing import Pair, pair, triple
from .tensor import concat, expand_dims, reshape, squeeze, stack, zeros

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose2d",
    "conv_transpose3d",
    "local_conv2d",
    "region_restricted_conv",
]


def check_conv_mode(conv_mode: str) -> None:
    if conv_mode.lower() != "cross_correlation":
        raise UnsupportedError(f"conv_mode {conv_mode!r} is not supported; expected 'cross_correlation'")


def output_size(size: int, taps: int, step: int, pad: int, spread: int) -> int:
    """Of a convolution along one direction: below 1 where the kernel does not fit."""
    if step < 1 or spread < 1 or pad < 0:
        raise ValueError(
            f"expected stride and dilation of at least 1 and padding of 0 or more, got {step}, {spread} and {pad}"
        )
    return (size + 2 * pad - spread * (taps - 1) - 1) // step + 1


def conv1d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """1-D convolution: (N, C, W) with weights (O, C, k) or (groups, O/groups, C/groups, k), and bias (1, O, 1)."""
    flat = None if bias is None else expand_dims(bias, 3)
    image, kernel = expand_dims(inp, 3), expand_dims(weight, -1)
    return squeeze(
        conv2d(image, kernel, flat, (stride, 1), (padding, 0), (dilation, 1), groups, conv_mode, compute_mode), 3
    )


def conv2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """2-D convolution (cross-correlation).

    Args:
        inp: float32, (N, C, H, W).
        weight: (O, C, kh, kw), or (groups, O/groups, C/groups, kh, kw) when groups > 1.
        bias: (1, O, 1, 1).
        stride, padding, dilation: one number, or (height, width).
        conv_mode: "cross_correlation" is the one there is.
        compute_mode: MegEngine's choice of accumulator; sums are always made in float32 here.

    Returns:
        (N, O, (H + 2 padding - dilation (kh - 1) - 1) / stride + 1, ...).
    """
    check_conv_mode(conv_mode)
    if bias is None:
        return ops.conv2d(inp, weight, None, pair(stride), pair(padding), pair(dilation), groups)
    return ops.conv2d(inp, weight, bias, pair(stride), pair(padding), pair(dilation), groups)


def conv_transpose2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """The gradient of a convolution by its input, used as a layer.

    Args:
        inp: float32, (N, C, H, W).
        weight: (C, O, kh, kw), or (groups, C/groups, O/groups, kh, kw) when groups > 1.
        bias: (1, O, 1, 1).
        output_padding: rows and columns added after the last, of the sizes that the same stride would map here.

    Returns:
        (N, O, (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1, ...).
    """
    check_conv_mode(conv_mode)
    if inp.ndim != 4 or weight.ndim != (4 if groups == 1 else 5):
        raise ShapeError(
            "conv_transpose2d: expected an input of shape (N, C, H, W) and weights of shape (C, O, kh, kw), or"
            f" (groups, C/groups, O/groups, kh, kw) for groups > 1; got {inp.shape} and {weight.shape}"
        )
    strides, pads, spreads, extra = pair(stride), pair(padding), pair(dilation), pair(output_padding)
    kernel = weight.shape[-2:]
    size = [
        (inp.shape[2 + i] - 1) * strides[i] - 2 * pads[i] + spreads[i] * (kernel[i] - 1) + extra[i] + 1 for i in (0, 1)
    ]
    shape = (inp.shape[0], weight.shape[-3] * groups, *size)
    out = ops.conv2d_backward_data(weight, inp, strides, pads, spreads, groups, shape)
    return out if bias is None else out + bias


# --- three dimensions ----------------------------------------------------------------------------------------------


def _check_volume(name: str, inp: Tensor, weight: Tensor, groups: int) -> None:
    if inp.ndim != 5 or weight.ndim != (5 if groups == 1 else 6):
        raise ShapeError(
            f"{name}: expected an input of shape (N, C, D, H, W) and weights of 5 dimensions, or of 6 that begin with"
            f" the number of groups; got {inp.shape} and {weight.shape} for groups={groups}"
        )


def _fold_depth(volume: Tensor) -> Tensor:
    """(N, C, D, H, W) to (N D, C, H, W)."""
    batch, channels, depth, height, width = volume.shape
    return reshape(ops.transpose(volume, (0, 2, 1, 3, 4)), (batch * depth, channels, height, width))


def _unfold_depth(planes: Tensor, batch: int, depth: int) -> Tensor:
    """(N D, C, H, W) to (N, C, D, H, W)."""
    _, channels, height, width = planes.shape
    return ops.transpose(reshape(planes, (batch, depth, channels, height, width)), (0, 2, 1, 3, 4))


def _pad_depth(volume: Tensor, before: int, after: int) -> Tensor:
    def air(depth: int) -> Tensor:
        return zeros((*volume.shape[:2], depth, *volume.shape[3:]), dtype=volume.dtype)

    return concat([air(before), volume, air(after)], 2) if before or after else volume


def conv3d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
) -> Tensor:
    """3-D convolution: a 2-D one for each depth of the kernel, depths of the result being images of a batch.

    Args:
        inp: float32, (N, C, D, H, W).
        weight: (O, C, kd, kh, kw), or (groups, O/groups, C/groups, kd, kh, kw) when groups > 1.
        bias: (1, O, 1, 1, 1).
        stride, padding, dilation: one number, or (depth, height, width).
    """
    check_conv_mode(conv_mode)
    _check_volume("conv3d", inp, weight, groups)
    (step, *steps), (pad, *pads), (spread, *spreads) = triple(stride), triple(padding), triple(dilation)
    taps = weight.shape[-3]
    depth = output_size(inp.shape[2], taps, step, pad, spread)
    if depth < 1:
        raise ShapeError(f"conv3d: weights of shape {weight.shape} do not fit depth {inp.shape[2]} with padding {pad}")
    padded = _pad_depth(inp, pad, pad)
    total: Tensor | None = None
    for k in range(taps):
        slab = padded[:, :, k * spread : k * spread + (depth - 1) * step + 1 : step]
        part = ops.conv2d(_fold_depth(slab), weight[..., k, :, :], None, steps, pads, spreads, groups)
        total = part if total is None else total + part
    if total is None:
        raise ShapeError(f"conv3d: the kernel of shape {weight.shape} has no depth")
    out = _unfold_depth(total, inp.shape[0], depth)
    return out if bias is None else out + bias


def conv_transpose3d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """The gradient of a 3-D convolution by its input, used as a layer.

    Args:
        inp: float32, (N, C, D, H, W).
        weight: (C, O, kd, kh, kw), or (groups, C/groups, O/groups, kd, kh, kw) when groups > 1.
        bias: (1, O, 1, 1, 1).
        output_padding: depths, rows and columns added after the last.
    """
    _check_volume("conv_transpose3d", inp, weight, groups)
    (step, *steps), (pad, *pads), (spread, *spreads) = triple(stride), triple(padding), triple(dilation)
    extra, *extras = triple(output_padding)
    taps, depth = weight.shape[-3], inp.shape[2]
    full = (depth - 1) * step + spread * (taps - 1) + 1 + extra
    planes = _fold_depth(inp)
    out: Tensor | None = None
    for k in range(taps):
        part = conv_transpose2d(planes, weight[..., k, :, :], None, steps, pads, extras, spreads, groups)
        volume = _unfold_depth(part, inp.shape[0], depth)
        if out is None:
            out = zeros((*volume.shape[:2], full, *volume.shape[3:]), dtype=inp.dtype)
        places = slice(k * spread, k * spread + (depth - 1) * step + 1, step)
        out[:, :, places] = out[:, :, places] + volume
    if out is None:
        raise ShapeError(f"conv_transpose3d: the kernel of shape {weight.shape} has no depth")
    out = out[:, :, pad : full - pad]
    return out if bias is None else out + bias


# --- other kernels for other pixels --------------------------------------------------------------------------------


def _taps(inp: Tensor, kernel: Sequence[int], stride: Pair, padding: Pair, dilation: Pair) -> list[Tensor]:
    """What each tap of a kernel meets: (N, C, out H, out W) for each, row by row."""
    if inp.ndim != 4:
        raise ShapeError(f"expected an input of shape (N, C, H, W), got {inp.shape}")
    steps, pads, spreads = pair(stride), pair(padding), pair(dilation)
    sizes = [output_size(inp.shape[2 + i], kernel[i], steps[i], pads[i], spreads[i]) for i in (0, 1)]
    if min(sizes) < 1:
        raise ShapeError(f"a kernel of {tuple(kernel)} does not fit an input of shape {inp.shape} with padding {pads}")
    batch, channels, height, width = inp.shape
    shape = (batch, channels, height + 2 * pads[0], width + 2 * pads[1])
    padded = ops.slice_set(zeros(shape, dtype=inp.dtype), inp, (0, 0, *pads), inp.shape, (1, 1, 1, 1))

    def places(axis: int, tap: int) -> slice:
        first = tap * spreads[axis]
        return slice(first, first + (sizes[axis] - 1) * steps[axis] + 1, steps[axis])

    return [padded[:, :, places(0, y), places(1, x)] for y in range(kernel[0]) for x in range(kernel[1])]


def local_conv2d(
    inp: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    conv_mode: str = "cross_correlation",
) -> Tensor:
    """A convolution with a kernel of its own for each pixel of the result.

    Args:
        inp: float32, (N, C, H, W).
        weight: (groups, out H, out W, C/groups, kh, kw, O/groups).
        bias: broadcast to the result.
    """
    check_conv_mode(conv_mode)
    if weight.ndim != 7:
        raise ShapeError(
            "local_conv2d: expected weights of shape (groups, out H, out W, C/groups, kh, kw, O/groups), got"
            f" {weight.shape}"
        )
    groups, height, width, per_group, *kernel, outs = weight.shape
    windows = stack(_taps(inp, kernel, stride, padding, dilation), 2)  # (N, C, taps, out H, out W)
    if windows.shape[1] != groups * per_group or windows.shape[3:] != (height, width):
        raise ShapeError(
            f"local_conv2d: weights of shape {weight.shape} are for {groups * per_group} channels and results of"
            f" {height}x{width}; the input of shape {inp.shape} gives"
            f" {windows.shape[1]} and {windows.shape[3]}x{windows.shape[4]}"
        )
    batch, terms = inp.shape[0], per_group * kernel[0] * kernel[1]
    rows = reshape(windows, (batch, groups, terms, height, width))
    rows = ops.transpose(rows, (1, 3, 4, 0, 2))  # (groups, out H, out W, N, terms)
    sums = ops.matmul(rows, reshape(weight, (groups, height, width, terms, outs)))
    out = reshape(ops.transpose(sums, (3, 0, 4, 1, 2)), (batch, groups * outs, height, width))
    return out if bias is None else out + bias


def region_restricted_conv(
    inp: Tensor,
    weight: Tensor,
    rin: Tensor,
    rout: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """A convolution in which a pixel of the result sees those pixels of the input that are of its own region.

    Args:
        inp: float32, (N, C, H, W).
        weight: as :func:`conv2d`'s.
        rin, rout: region numbers, (N, H, W) of the input and (N, out H, out W) of the result.
        bias: (1, O, 1, 1).
        compute_mode: MegEngine's choice of accumulator; sums are always made in float32 here.
    """
    check_conv_mode(conv_mode)
    kernel = weight.shape[-2:]
    seen = _taps(inp, kernel, stride, padding, dilation)
    regions = _taps(expand_dims(rin, 1), kernel, stride, padding, dilation)
    wanted = expand_dims(rout, 1)
    out: Tensor | None = None
    for tap, (pixels, region) in enumerate(zip(seen, regions, strict=True)):
        same = ops.cast(ops.equal(region, wanted), inp.dtype)
        y, x = divmod(tap, kernel[1])
        part = ops.conv2d(pixels * same, weight[..., y : y + 1, x : x + 1], None, (1, 1), (0, 0), (1, 1), groups)
        out = part if out is None else out + part
    if out is None:
        raise ShapeError(f"region_restricted_conv: the kernel of shape {weight.shape} is empty")
    return out if bias is None else out + bias
