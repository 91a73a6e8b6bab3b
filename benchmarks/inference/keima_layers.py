# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The layers of nets.py as Keima's modules and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from benchmarks.inference import weights
from benchmarks.inference.nets import Net
from keima import Parameter, Tensor
from keima.jit import trace

Layer = TypeVar("Layer", bound=M.Module)


class KeimaLayers:
    """Modules are made when a net first meets their names and kept."""

    def __init__(self) -> None:
        self._modules: dict[str, M.Module] = {}
        self._parameters: dict[str, Parameter] = {}

    def _module(self, name: str, make: Callable[[], Layer], **arrays: weights.Array) -> Any:
        if name not in self._modules:
            module = make()
            module.eval()
            for attribute, array in arrays.items():
                target = getattr(module, attribute)
                target._reset(Tensor(array.reshape(target.shape)))
            self._modules[name] = module
        return self._modules[name]

    def parameters(self) -> Iterator[Tensor]:
        for module in self._modules.values():
            yield from module.parameters()
        yield from self._parameters.values()

    def parameter(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if name not in self._parameters:
            self._parameters[name] = Parameter(weights.normal(name, shape, 0.1))
        return self._parameters[name]

    def conv(
        self, x: Tensor, name: str, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, norm: float = 1.0
    ) -> Tensor:
        channels = x.shape[1]
        arrays = {"weight": weights.kernel(name, (out, channels // groups, kernel, kernel))}
        if norm == 0:
            arrays["bias"] = weights.normal(f"{name}.bias", (out,), 0.1)
        conv = self._module(
            name,
            lambda: M.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=norm == 0),
            **arrays,
        )
        if norm == 0:
            return conv(x)  # type: ignore[no-any-return]
        of_norm = weights.norm(name, out, norm)
        statistics = {"running_mean": of_norm.pop("mean"), "running_var": of_norm.pop("var")}
        return self._module(f"{name}.norm", lambda: M.BatchNorm2d(out), **of_norm, **statistics)(conv(x))  # type: ignore[no-any-return]

    def patches(self, x: Tensor, name: str, out: int, size: int) -> Tensor:
        shape = (out, x.shape[1], size, size)
        arrays = {"weight": weights.kernel(name, shape, 1.0), "bias": weights.normal(f"{name}.bias", (out,), 0.1)}
        return self._module(name, lambda: M.Conv2d(shape[1], out, size, size), **arrays)(x)  # type: ignore[no-any-return]

    def linear(self, x: Tensor, name: str, out: int) -> Tensor:
        width = x.shape[-1]
        arrays = {
            "weight": weights.kernel(name, (out, width), 1.0),
            "bias": weights.normal(f"{name}.bias", (out,), 0.1),
        }
        return self._module(name, lambda: M.Linear(width, out), **arrays)(x)  # type: ignore[no-any-return]

    def layer_norm(self, x: Tensor, name: str, eps: float) -> Tensor:
        width = x.shape[-1]
        arrays = {
            "weight": weights.normal(f"{name}.weight", (width,), 0.1, 1.0),
            "bias": weights.normal(f"{name}.bias", (width,), 0.1),
        }
        return self._module(name, lambda: M.LayerNorm(width, eps=eps), **arrays)(x)  # type: ignore[no-any-return]

    def embed(self, ids: Tensor, name: str, rows: int, width: int) -> Tensor:
        arrays = {"weight": weights.normal(name, (rows, width), 0.1)}
        return self._module(name, lambda: M.Embedding(rows, width), **arrays)(ids)  # type: ignore[no-any-return]

    def relu(self, x: Tensor) -> Tensor:
        return F.relu(x)

    def relu6(self, x: Tensor) -> Tensor:
        return F.relu6(x)

    def gelu(self, x: Tensor) -> Tensor:
        return F.gelu(x)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y

    def scale(self, x: Tensor, factor: float) -> Tensor:
        return x * factor

    def max_pool(self, x: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
        return F.max_pool2d(x, kernel, stride, padding)

    def mean(self, x: Tensor) -> Tensor:
        return F.mean(x, (2, 3))

    def softmax(self, x: Tensor) -> Tensor:
        return F.softmax(x, -1)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return F.matmul(x, y)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        return F.reshape(x, shape)

    def transpose(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        return F.transpose(x, axes)

    def part(self, x: Tensor, axis: int, begin: int, end: int) -> Tensor:
        return x[(slice(None),) * axis + (slice(begin, end),)]

    def concat(self, parts: list[Tensor], axis: int) -> Tensor:
        return F.concat(parts, axis)


def traced(net: Net, sample: np.ndarray[Any, Any]) -> Any:
    """The net as a traced program with its weights in it, and its input as a tensor."""
    layers = KeimaLayers()
    x = Tensor(sample, dtype=net.dtype)
    net.build(layers, x)  # makes the modules: a trace would record their initialisation
    return trace(lambda y: net.build(layers, y), symbolic=True, capture_as_const=True, without_host=True), x
