# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Pooling of images: over windows of a fixed size, and of one that gives a wanted result."""

from __future__ import annotations

from .._core import ShapeError, Tensor, ops
from ..typing import Pair, pair
from .tensor import concat

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "max_pool2d",
]


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
    sizes = pair(oshp)
    if inp.ndim != 4:
        raise ShapeError(f"{name}: expected an input of shape (N, C, H, W), got {inp.shape}")
    if 0 in inp.shape[2:]:
        raise ShapeError(f"{name}: expected images of at least one pixel, got {inp.shape}")
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
