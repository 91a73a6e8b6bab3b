# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions and transposed ones, of images."""

from __future__ import annotations

from typing import Any

from .. import functional as F  # noqa: N812  # the field's name for it
from .._core import UnsupportedError
from ..tensor import Tensor
from ..typing import Pair, pair
from . import init
from .module import Module, parameter


class _Conv2dBase(Module):
    """Sizes and parameters that a convolution and its transpose share."""

    def __init__(
        self,
        channels: tuple[int, int],
        weight_channels: tuple[int, int],
        kernel_size: Pair,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.in_channels, self.out_channels = channels
        if groups < 1 or any(count % groups for count in channels):
            raise ValueError(f"channels {channels} cannot be divided into {groups} groups")
        self.kernel_size, self.stride = pair(kernel_size), pair(stride)
        self.padding, self.dilation, self.groups = pair(padding), pair(dilation), groups
        first, second = (count // groups for count in weight_channels)
        shape = (first, second, *self.kernel_size)
        self.weight = parameter(*shape) if groups == 1 else parameter(groups, *shape)
        self.bias = parameter(1, self.out_channels, 1, 1) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight from N(0, 1/fan_in); set the bias to 0."""
        fan_in = self.in_channels // self.groups * self.kernel_size[0] * self.kernel_size[1]
        init.normal_(self.weight, 0.0, fan_in**-0.5)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _module_info_string(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}, groups={self.groups}, bias={self.bias is not None}"
        )


class Conv2d(_Conv2dBase):
    """2-D convolution; weight is (out, in, kh, kw), or (groups, out/groups, in/groups, kh, kw), bias (1, out, 1, 1)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        conv_mode: str = "cross_correlation",
        compute_mode: str = "default",
        padding_mode: str = "zeros",
        **kwargs: Any,
    ) -> None:
        if padding_mode not in ("zeros", "reflect", "replicate"):
            raise UnsupportedError(
                f"Conv2d: padding_mode must be 'zeros', 'reflect' or 'replicate', got {padding_mode!r}"
            )
        channels = (in_channels, out_channels)
        super().__init__(
            channels, (out_channels, in_channels), kernel_size, stride, padding, dilation, groups, bias, **kwargs
        )
        self.conv_mode, self.compute_mode, self.padding_mode = conv_mode, compute_mode, padding_mode

    def forward(self, inp: Tensor) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros" and any(padding):
            inp = F.pad(inp, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2], self.padding_mode)
            padding = (0, 0)
        return F.conv2d(inp, self.weight, self.bias, self.stride, padding, self.dilation, self.groups, self.conv_mode)


class ConvTranspose2d(_Conv2dBase):
    """Transposed convolution; weight is (in, out, kh, kw), or (groups, in/groups, out/groups, kh, kw)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        conv_mode: str = "cross_correlation",
        compute_mode: str = "default",
        **kwargs: Any,
    ) -> None:
        channels = (in_channels, out_channels)
        super().__init__(channels, channels, kernel_size, stride, padding, dilation, groups, bias, **kwargs)
        self.output_padding, self.conv_mode = pair(output_padding), conv_mode

    def forward(self, inp: Tensor) -> Tensor:
        return F.conv_transpose2d(
            inp,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.dilation,
            self.groups,
            self.conv_mode,
        )
