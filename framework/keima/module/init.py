# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Initial values of parameters; each function changes its tensor."""

from __future__ import annotations

import math

from .. import random
from .._core import Tensor, ops

__all__ = [
    "calculate_correct_fan",
    "calculate_fan_in_and_fan_out",
    "calculate_gain",
    "fill_",
    "msra_normal_",
    "msra_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0)}


def fill_(tensor: Tensor, val: float) -> None:
    """Set every element to `val`."""
    tensor._reset(ops.full(tensor.shape, float(val), tensor.dtype))


def zeros_(tensor: Tensor) -> None:
    """Set every element to 0."""
    fill_(tensor, 0.0)


def ones_(tensor: Tensor) -> None:
    """Set every element to 1."""
    fill_(tensor, 1.0)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> None:
    """Draw evenly from [a, b)."""
    tensor._reset(random.uniform(a, b, tensor.shape).astype(tensor.dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> None:
    """Draw from the normal distribution."""
    tensor._reset(random.normal(mean, std, tensor.shape).astype(tensor.dtype))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """How much a layer before `nonlinearity` must scale to keep the variance ("leaky_relu" takes its slope)."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else float(param)
        return math.sqrt(2.0 / (1.0 + slope * slope))
    if nonlinearity in _GAINS:
        return _GAINS[nonlinearity]
    if nonlinearity.startswith("conv"):
        return 1.0
    raise ValueError(f"calculate_gain: expected one of {[*_GAINS, 'leaky_relu', 'conv...']}, got {nonlinearity!r}")


def calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[float, float]:
    """Inputs and outputs that one weight tensor connects: (out, in), (out, in, k...) or (groups, out, in, k, k)."""
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"fan in and fan out need at least 2 dimensions, got shape {shape}")
    if len(shape) == 5:
        shape = shape[1:]
    receptive = math.prod(shape[2:])
    return float(shape[1] * receptive), float(shape[0] * receptive)


def calculate_correct_fan(tensor: Tensor, mode: str) -> float:
    """Fan "fan_in", "fan_out" or their mean "fan_avg"."""
    fan_in, fan_out = calculate_fan_in_and_fan_out(tensor)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    if mode.lower() not in fans:
        raise ValueError(f"mode must be one of {list(fans)}, got {mode!r}")
    return fans[mode.lower()]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> None:
    """Evenly, of variance gain^2 / mean fan (Glorot and Bengio, 2010)."""
    bound = gain * math.sqrt(3.0 / calculate_correct_fan(tensor, "fan_avg"))
    uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> None:
    """Normally, of variance gain^2 / mean fan (Glorot and Bengio, 2010)."""
    normal_(tensor, 0.0, gain * math.sqrt(1.0 / calculate_correct_fan(tensor, "fan_avg")))


def msra_uniform_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> None:
    """Evenly, of variance gain^2 / fan (He et al., 2015); `a` is the slope of the leaky ReLU that follows."""
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / calculate_correct_fan(tensor, mode))
    uniform_(tensor, -bound, bound)


def msra_normal_(tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> None:
    """Normally, of variance gain^2 / fan (He et al., 2015); `a` is the slope of the leaky ReLU that follows."""
    normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(calculate_correct_fan(tensor, mode)))
