# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a framework brings to the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.training.residual import Conv

# At a rate of 0.1 ResNet-50's loss climbs to 50 within six steps, where rounding decides: nothing could be compared.
UPDATE = {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}


@dataclass(frozen=True)
class Step:
    run: Callable[[], float]  # one step; the loss before it
    state: Callable[[], bytes]  # parameters and statistics
    plan: Callable[[], dict[str, int]] = dict  # bytes and steps of a traced step


class SharedLayers:
    """Layers that both frameworks' functions of the same names make alike."""

    def __init__(self, functional: Any, weights: dict[str, Any], norms: dict[str, Any]) -> None:
        self._functional, self._weights, self._norms = functional, weights, norms

    def unit(self, x: Any, conv: Conv) -> Any:
        weight = self._weights[conv.name]
        return self._norms[conv.name](self._functional.conv2d(x, weight, None, conv.stride, conv.size // 2))

    def relu(self, x: Any) -> Any:
        return self._functional.relu(x)

    def max_pool(self, x: Any) -> Any:
        return self._functional.max_pool2d(x, 3, 2, 1)

    def linear(self, x: Any, name: str) -> Any:
        return self._functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def gelu(self, x: Any) -> Any:
        return self._functional.gelu(x)

    def first(self, x: Any) -> Any:
        return x[:, 0]
