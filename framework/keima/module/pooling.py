# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Pooling of images."""

from __future__ import annotations

from typing import Any

from .. import functional as F  # noqa: N812  # the field's name for it
from ..tensor import Tensor
from ..typing import Pair
from .module import Module


class MaxPool2d(Module):
    """Largest element of each window."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, inp: Tensor) -> Tensor:
        return F.max_pool2d(inp, self.kernel_size, self.stride, self.padding)

    def _module_info_string(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """Mean of each window."""

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        mode: str = "average_count_exclude_padding",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size, self.stride, self.padding, self.mode = kernel_size, stride, padding, mode

    def forward(self, inp: Tensor) -> Tensor:
        return F.avg_pool2d(inp, self.kernel_size, self.stride, self.padding, self.mode)


class AdaptiveAvgPool2d(Module):
    """Means over windows chosen so that the result has a given size."""

    def __init__(self, oshp: Pair, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.oshp = oshp

    def forward(self, inp: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(inp, self.oshp)


class AdaptiveMaxPool2d(Module):
    """Maxima over windows chosen so that the result has a given size."""

    def __init__(self, oshp: Pair, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.oshp = oshp

    def forward(self, inp: Tensor) -> Tensor:
        return F.adaptive_max_pool2d(inp, self.oshp)
