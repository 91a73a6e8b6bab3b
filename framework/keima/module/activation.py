# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F  # noqa: N812  # the field's name for it
from ..tensor import Parameter, Tensor
from .module import Module


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
