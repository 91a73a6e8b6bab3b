# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Convolution and pooling that sample where an offset tells them to (Dai et al., 2017; Zhu et al., 2019)."""

from __future__ import annotations

from .._core import ShapeError, Tensor, ops
from ..typing import Pair, pair
from .conv import check_conv_mode, output_size
from .tensor import concat, expand_dims, reshape, zeros

__all__ = ["deformable_conv2d", "deformable_psroi_pooling"]


def _within(x: Tensor, low: float, high: float) -> Tensor:
    return ops.logical_and(x >= low, x <= high)


def _sample(channels_last: Tensor, batch: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Bilinear samples of (N, H, W, C) at float positions (N, out H, out W); pixels outside count as zero."""
    _, height, width, _ = channels_last.shape
    top, left = ops.floor(y), ops.floor(x)
    total: Tensor | None = None
    for down in (0.0, 1.0):
        for right in (0.0, 1.0):
            row, column = top + down, left + right
            share = (1.0 - ops.abs(y - row)) * (1.0 - ops.abs(x - column))
            inside = ops.logical_and(_within(row, 0.0, height - 1.0), _within(column, 0.0, width - 1.0))
            share = share * ops.cast(inside, share.dtype)
            at_y = ops.cast(ops.minimum(ops.maximum(row, 0.0), height - 1.0), "int32")
            at_x = ops.cast(ops.minimum(ops.maximum(column, 0.0), width - 1.0), "int32")
            part = channels_last[batch, at_y, at_x] * expand_dims(share, -1)
            total = part if total is None else total + part
    if total is None:
        raise AssertionError("two rows and two columns are four neighbours")
    return total


def deformable_conv2d(
    inp: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    conv_mode: str = "cross_correlation",
    compute_mode: str = "default",
) -> Tensor:
    """A convolution whose taps are moved by `offset` and weighed by `mask` (Zhu et al., 2019).

    Args:
        inp: float32, (N, C, H, W).
        weight: as :func:`conv2d`'s.
        offset: (N, 2 D kh kw, out H, out W), (y, x) of each tap for each of D groups of channels.
        mask: (N, D kh kw, out H, out W).
        bias: (1, O, 1, 1).
        compute_mode: MegEngine's choice of accumulator; sums are always made in float32 here.
    """
    check_conv_mode(conv_mode)
    if inp.ndim != 4 or weight.ndim != (4 if groups == 1 else 5) or 0 in weight.shape:
        raise ShapeError(
            "deformable_conv2d: expected an input of shape (N, C, H, W) and weights as conv2d's, none of their sizes 0;"
            f" got {inp.shape} and {weight.shape} for groups={groups}"
        )
    batch, channels, *sizes = inp.shape
    kernel, (steps, pads, spreads) = weight.shape[-2:], (pair(stride), pair(padding), pair(dilation))
    count = kernel[0] * kernel[1]
    height, width = (output_size(*along) for along in zip(sizes, kernel, steps, pads, spreads, strict=True))
    deformed = mask.shape[1] // count if mask.ndim == 4 else 0
    if (
        deformed < 1
        or channels % deformed
        or mask.shape != (batch, deformed * count, height, width)
        or offset.shape != (batch, 2 * deformed * count, height, width)
    ):
        raise ShapeError(
            f"deformable_conv2d: expected offset (N, 2 D taps, out H, out W) and mask (N, D taps, out H, out W) for"
            f" {count} taps, an output of {height}x{width} and D groups of {channels} channels; got {offset.shape} and"
            f" {mask.shape}"
        )
    images = reshape(ops.arange(0.0, 1.0, batch), (batch, 1, 1))
    batch_index = ops.cast(ops.broadcast_to(images, (batch, height, width)), "int32")
    rows = reshape(ops.arange(float(-pads[0]), float(steps[0]), height), (1, height, 1))
    columns = reshape(ops.arange(float(-pads[1]), float(steps[1]), width), (1, 1, width))
    per = channels // deformed
    out: Tensor | None = None
    sources = [ops.transpose(inp[:, d * per : (d + 1) * per], (0, 2, 3, 1)) for d in range(deformed)]
    for tap in range(count):
        ky, kx = divmod(tap, kernel[1])
        samples = []
        for d, source in enumerate(sources):
            place = d * count + tap
            y = offset[:, 2 * place] + rows + float(ky * spreads[0])
            x = offset[:, 2 * place + 1] + columns + float(kx * spreads[1])
            samples.append(_sample(source, batch_index, y, x) * expand_dims(mask[:, place], -1))
        pixels = ops.transpose(concat(samples, 3) if deformed > 1 else samples[0], (0, 3, 1, 2))
        part = ops.conv2d(pixels, weight[..., ky : ky + 1, kx : kx + 1], None, (1, 1), (0, 0), (1, 1), groups)
        out = part if out is None else out + part
    if out is None:
        raise AssertionError("a kernel without a size 0 has taps")
    return out if bias is None else out + bias


def deformable_psroi_pooling(
    inp: Tensor,
    rois: Tensor,
    trans: Tensor,
    no_trans: bool,
    part_size: int,
    pooled_h: int,
    pooled_w: int,
    sample_per_part: int,
    spatial_scale: float,
    trans_std: float = 0.1,
) -> Tensor:
    """Mean of samples in each cell of each region, cells moved by `trans` (Dai et al., 2017, section 2.2).

    Args:
        inp: float32, (N, C, H, W).
        rois: (R, 5): image, x1, y1, x2, y2 in pixels of the picture that `inp` is `spatial_scale` of.
        trans: (R, 2, part_size, part_size), (x, y) moves of each part in widths and heights of the region.
        no_trans: leave the cells where they are; `trans` is not read then.
        part_size: how many parts a side has. (MegEngine takes other than the cells of a side, but reads amiss then.)
        pooled_h, pooled_w: cells of a region.
        sample_per_part: samples a side of each cell; those more than half a pixel outside do not count.
        spatial_scale: size of `inp` over that of the picture.
        trans_std: what the moves are multiplied by.

    Returns:
        (R, C, pooled_h, pooled_w).
    """
    _check_pooling(inp, rois, trans, no_trans, part_size, pooled_h, pooled_w, sample_per_part)
    count, (_, _, height, width) = rois.shape[0], inp.shape
    regions = reshape(ops.transpose(rois, (1, 0)), (5, count, 1, 1))
    left, top = (ops.round(regions[i]) * spatial_scale - 0.5 for i in (1, 2))
    wide, high = (
        ops.maximum((ops.round(regions[i + 2]) + 1.0) * spatial_scale - 0.5 - start, 0.1)
        for i, start in ((1, left), (2, top))
    )
    rows, columns = (reshape(ops.arange(0.0, 1.0, n), s) for n, s in ((pooled_h, (1, -1, 1)), (pooled_w, (1, 1, -1))))
    y = top + rows * (high / pooled_h)
    x = left + columns * (wide / pooled_w)
    if not no_trans:
        part_y, part_x = ([cell * part_size // cells for cell in range(cells)] for cells in (pooled_h, pooled_w))
        moves = trans[:, :, part_y][:, :, :, part_x] * trans_std
        x, y = x + moves[:, 0] * wide, y + moves[:, 1] * high
    images = ops.cast(ops.broadcast_to(regions[0], (count, pooled_h, pooled_w)), "int32")
    source = ops.transpose(inp, (0, 2, 3, 1))
    total, counted = zeros(()), zeros(())
    for sample in range(sample_per_part**2):
        down, right = divmod(sample, sample_per_part)
        at_y = y + high * (down / (pooled_h * sample_per_part))
        at_x = x + wide * (right / (pooled_w * sample_per_part))
        inside = ops.logical_and(_within(at_y, -0.5, height - 0.5), _within(at_x, -0.5, width - 0.5))
        counts = ops.cast(inside, inp.dtype)
        clamped = (ops.minimum(ops.maximum(at, 0.0), size - 1.0) for at, size in ((at_y, height), (at_x, width)))
        total = total + _sample(source, images, *clamped) * expand_dims(counts, -1)
        counted = counted + counts
    return ops.transpose(total / expand_dims(ops.maximum(counted, 1.0), -1), (0, 3, 1, 2))


def _check_pooling(
    inp: Tensor,
    rois: Tensor,
    trans: Tensor,
    no_trans: bool,
    part_size: int,
    pooled_h: int,
    pooled_w: int,
    sample_per_part: int,
) -> None:
    name = "deformable_psroi_pooling"
    if inp.ndim != 4:
        raise ShapeError(f"{name}: expected an input of shape (N, C, H, W), got {inp.shape}")
    if rois.ndim != 2 or rois.shape[1] != 5:
        raise ShapeError(f"{name}: expected rois of shape (R, 5), got {rois.shape}")
    counts = {"part_size": part_size, "pooled_h": pooled_h, "pooled_w": pooled_w, "sample_per_part": sample_per_part}
    for argument, value in counts.items():
        if value < 1:
            raise ValueError(f"{name}: expected {argument} of at least 1, got {value}")
    moved = (rois.shape[0], 2, part_size, part_size)
    if not no_trans and trans.shape != moved:
        raise ShapeError(f"{name}: expected trans of shape {moved}, got {trans.shape}")
