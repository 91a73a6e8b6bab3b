# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Layers: linear maps, convolutions, normalisations, pooling, activations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  # the field's name for it
from .._core import UnsupportedError
from ..tensor import Parameter, Tensor
from ..typing import Pair
from . import init
from .module import Module


def _parameter(*shape: int) -> Parameter:
    return Parameter(np.zeros(shape, dtype=np.float32))


# --- linear maps ---------------------------------------------------------------------------------------------------


class Linear(Module):
    """x @ weight.T + bias; weight is (out_features, in_features)."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, compute_mode: str = "default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.in_features, self.out_features = in_features, out_features
        self.weight = _parameter(out_features, in_features)
        self.bias = _parameter(out_features) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight from N(0, 1/in_features); set the bias to 0."""
        init.normal_(self.weight, 0.0, self.in_features**-0.5)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def _module_info_string(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


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
        if any(count % groups for count in channels):
            raise ValueError(f"channels {channels} cannot be divided into {groups} groups")
        self.kernel_size, self.stride = _pair(kernel_size), _pair(stride)
        self.padding, self.dilation, self.groups = _pair(padding), _pair(dilation), groups
        first, second = (count // groups for count in weight_channels)
        shape = (first, second, *self.kernel_size)
        self.weight = _parameter(*shape) if groups == 1 else _parameter(groups, *shape)
        self.bias = _parameter(1, self.out_channels, 1, 1) if bias else None
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
        self.output_padding, self.conv_mode = _pair(output_padding), conv_mode

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


def _pair(value: Pair) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    first, second = value
    return int(first), int(second)


class Embedding(Module):
    """Rows of a table by their numbers; weight is (num_embeddings, embedding_dim)."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float | None = None,
        initial_weight: Parameter | None = None,
        freeze: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if padding_idx is not None or max_norm is not None or norm_type is not None:
            raise UnsupportedError("Embedding: padding_idx, max_norm and norm_type are not supported; leave them out")
        self.num_embeddings, self.embedding_dim, self.freeze = num_embeddings, embedding_dim, freeze
        if initial_weight is not None and initial_weight.shape != (num_embeddings, embedding_dim):
            raise ValueError(
                f"Embedding: initial_weight has shape {initial_weight.shape}, "
                f"expected {(num_embeddings, embedding_dim)}"
            )
        self.weight = _parameter(num_embeddings, embedding_dim) if initial_weight is None else initial_weight
        if initial_weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table from N(0, 1)."""
        init.normal_(self.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        return F.embedding(inputs, self.weight.detach() if self.freeze else self.weight)


# --- normalisation -------------------------------------------------------------------------------------------------


class _BatchNorm(Module):
    """Batch normalisation; parameters and running statistics are (1, C, 1, 1), as MegEngine's."""

    ndims: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-05,
        momentum: float = 0.9,
        affine: bool = True,
        track_running_stats: bool = True,
        freeze: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats, self.freeze = affine, track_running_stats, freeze
        shape = (1, num_features, 1, 1)
        self.weight = Parameter(np.ones(shape, dtype=np.float32)) if affine else None
        self.bias = _parameter(*shape) if affine else None
        self.running_mean = Tensor(np.zeros(shape, dtype=np.float32)) if track_running_stats else None
        self.running_var = Tensor(np.ones(shape, dtype=np.float32)) if track_running_stats else None

    def forward(self, inp: Tensor) -> Tensor:
        if inp.ndim not in self.ndims:
            raise ValueError(
                f"{type(self).__name__}: expected {' or '.join(map(str, self.ndims))} dimensions, got {inp.shape}"
            )
        image = F.reshape(inp, inp.shape + (1,) * (4 - inp.ndim))
        training = (self.training or not self.track_running_stats) and not self.freeze
        out = F.batch_norm(
            image,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=training,
            momentum=self.momentum,
            eps=self.eps,
        )
        return F.reshape(out, inp.shape)

    def _module_info_string(self) -> str:
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L)."""

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W)."""

    ndims = (4,)


class LayerNorm(Module):
    """Standardised over the last dimensions, whose sizes are `normalized_shape`."""

    def __init__(
        self, normalized_shape: int | tuple[int, ...], eps: float = 1e-05, affine: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps, self.affine = eps, affine
        self.weight = Parameter(np.ones(self.normalized_shape, dtype=np.float32)) if affine else None
        self.bias = _parameter(*self.normalized_shape) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.normalized_shape, self.affine, self.weight, self.bias, self.eps)


class GroupNorm(Module):
    """Standardised over groups of channels."""

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-05, affine: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight = Parameter(np.ones(num_channels, dtype=np.float32)) if affine else None
        self.bias = _parameter(num_channels) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, self.num_groups, self.affine, self.weight, self.bias, self.eps)


class InstanceNorm(GroupNorm):
    """Standardised over each channel of each image."""

    def __init__(self, num_channels: int, eps: float = 1e-05, affine: bool = True, **kwargs: Any) -> None:
        super().__init__(num_channels, num_channels, eps, affine, **kwargs)


class GeneralNorm(Module):
    """Standardised over `normalized_axis`, whose sizes are `normalized_shape`."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int] | None = None,
        normalized_axis: int | Sequence[int] = 0,
        eps: float = 1e-05,
        affine: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if affine and normalized_shape is None:
            raise ValueError("GeneralNorm: normalized_shape is required with affine=True")
        self.normalized_axis = (normalized_axis,) if isinstance(normalized_axis, int) else tuple(normalized_axis)
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.eps, self.affine = eps, affine
        sizes = tuple(self.normalized_shape or ())
        self.weight = Parameter(np.ones(sizes, dtype=np.float32)) if affine else None
        self.bias = _parameter(*sizes) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        return F.general_norm(x, self.normalized_axis, self.affine, self.weight, self.bias, self.eps)


class LocalResponseNorm(Module):
    """Divided by a power of the squares of neighbouring channels; see `functional.local_response_norm`."""

    def __init__(
        self, kernel_size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size, self.k, self.alpha, self.beta = kernel_size, k, alpha, beta

    def forward(self, inp: Tensor) -> Tensor:
        return F.local_response_norm(inp, self.kernel_size, self.k, self.alpha, self.beta)


# --- shape ---------------------------------------------------------------------------------------------------------


class Pad(Module):
    """A border around each dimension; see `functional.pad`."""

    def __init__(
        self, pad_width: tuple[tuple[int, int], ...], mode: str = "constant", constant_val: float = 0.0
    ) -> None:
        super().__init__()
        self.pad_width, self.mode, self.constant_val = pad_width, mode, constant_val

    def forward(self, src: Tensor) -> Tensor:
        return F.pad(src, self.pad_width, self.mode, self.constant_val)


class PixelShuffle(Module):
    """Channels (C r^2) made pixels, r times as many in each direction."""

    def __init__(self, upscale_factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.upscale_factor = upscale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, self.upscale_factor)


class Concat(Module):
    """Tensors put together along an axis."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)

    def forward(self, inps: Sequence[Tensor], axis: int = 0) -> Tensor:
        return F.concat(inps, axis)


# --- pooling -------------------------------------------------------------------------------------------------------


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


# --- activation and others -----------------------------------------------------------------------------------------


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, x: Tensor) -> Tensor:
        return F.sigmoid(x)


class SiLU(Module):
    """x * sigmoid(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x)


class GELU(Module):
    """x Phi(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(x)


class LeakyReLU(Module):
    """x where positive, negative_slope * x elsewhere."""

    def __init__(self, negative_slope: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def forward(self, inputs: Tensor) -> Tensor:
        return F.leaky_relu(inputs, self.negative_slope)


class PReLU(Module):
    """x where positive, a learned weight times x elsewhere; weight is (1,) or (1, num_parameters, 1, 1)."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shape = (1,) if num_parameters == 1 else (1, num_parameters, 1, 1)
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(shape, init, dtype=np.float32))

    def forward(self, inputs: Tensor) -> Tensor:
        return F.prelu(inputs, self.weight)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `axis`."""

    def __init__(self, axis: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def forward(self, inputs: Tensor) -> Tensor:
        return F.softmax(inputs, self.axis)


class Dropout(Module):
    """Elements set to 0 with probability `drop_prob` in training."""

    def __init__(self, drop_prob: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.drop_prob = drop_prob

    def forward(self, inputs: Tensor) -> Tensor:
        return F.dropout(inputs, self.drop_prob, self.training)


class Identity(Module):
    """x."""

    def forward(self, x: Any) -> Any:
        return x


class Sequential(Module):
    """Modules one after the other: Sequential(a, b) or Sequential(OrderedDict(first=a, second=b))."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        self.layer_keys = [str(key) for key, _ in named]
        layers = args[0].values() if len(args) == 1 and isinstance(args[0], dict) else args
        for key, layer in zip(self.layer_keys, layers, strict=True):
            setattr(self, key, layer)

    def _layers(self) -> OrderedDict[str, Module]:
        return OrderedDict((key, getattr(self, key)) for key in self.layer_keys)

    def __len__(self) -> int:
        return len(self.layer_keys)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(OrderedDict(list(self._layers().items())[index]))
        return getattr(self, self.layer_keys[index])

    def forward(self, inp: Any) -> Any:
        for layer in self._layers().values():
            inp = layer(inp)
        return inp
