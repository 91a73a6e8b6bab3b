# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Normalisations with learned scales, and running statistics where they have some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  # the field's name for it
from ..tensor import Parameter, Tensor
from ..typing import integers
from .module import Module, parameter


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
        self.bias = parameter(*shape) if affine else None
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
        self.normalized_shape = integers(normalized_shape)
        self.eps, self.affine = eps, affine
        self.weight = Parameter(np.ones(self.normalized_shape, dtype=np.float32)) if affine else None
        self.bias = parameter(*self.normalized_shape) if affine else None

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
        self.bias = parameter(num_channels) if affine else None

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
        self.normalized_axis = integers(normalized_axis)
        self.normalized_shape = None if normalized_shape is None else integers(normalized_shape)
        self.eps, self.affine = eps, affine
        sizes = self.normalized_shape or ()
        self.weight = Parameter(np.ones(sizes, dtype=np.float32)) if affine else None
        self.bias = parameter(*sizes) if affine else None

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
