# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A training step in Keima. Imported once the number of threads is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from benchmarks.training.cases import Net, data
from benchmarks.training.step import UPDATE, SharedLayers, Step
from keima.jit import SublinearMemoryConfig, trace


class Layers(SharedLayers):
    """The layers that the frameworks make differently."""

    def classify(self, x: Any) -> Any:
        return F.linear(F.mean(x, (2, 3)), self._weights["fc"])

    def patches(self, x: Any, name: str, size: int) -> Any:
        weight = self._weights[f"{name}.weight"]
        bias = F.reshape(self._weights[f"{name}.bias"], (1, -1, 1, 1))
        x = F.conv2d(x, weight, bias, size)
        return F.transpose(F.reshape(x, (*x.shape[:2], -1)), (0, 2, 1))

    def with_token(self, x: Any, token: str, positions: str) -> Any:
        token = F.broadcast_to(self._weights[token], (x.shape[0], 1, x.shape[2]))
        return F.concat([token, x], 1) + self._weights[positions]

    def layer_norm(self, x: Any, name: str) -> Any:
        return F.layer_norm(x, x.shape[-1:], True, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], 1e-6)

    def attention(self, qkv: Any, heads: int) -> Any:
        n, length, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        q, k, v = F.transpose(F.reshape(qkv, (n, length, 3, heads, -1)), (2, 0, 3, 1, 4))
        mixed = F.scaled_dot_product_attention(q, k, v)
        return F.reshape(F.transpose(mixed, (0, 2, 1, 3)), (n, length, width))


@dataclass(frozen=True)
class Training:
    """A net with its optimizer."""

    step: Callable[[keima.Tensor, keima.Tensor], keima.Tensor]  # images and labels; the loss before the step
    data: tuple[keima.Tensor, keima.Tensor]
    tensors: list[keima.Tensor]  # parameters and statistics

    def state(self) -> bytes:
        return b"".join(tensor.numpy().tobytes() for tensor in self.tensors)


def training(net: Net) -> Training:
    weights = {name: keima.Parameter(array) for name, array in net.weights().items()}
    norms = {name: M.BatchNorm2d(channels) for name, channels in net.batch_norms().items()}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = keima.optimizer.SGD(parameters, **UPDATE)
    manager = keima.autodiff.GradManager().attach(parameters)
    layers = Layers(F, weights, norms)

    def step(images: keima.Tensor, labels: keima.Tensor) -> keima.Tensor:
        with manager:
            loss = F.cross_entropy(net.forward(layers, images), labels)
            manager.backward(loss)
        optimizer.step().clear_grad()
        return loss

    images, labels = (keima.Tensor(array) for array in data(net))
    statistics = [s for norm in norms.values() for s in (norm.running_mean, norm.running_var)]
    return Training(step, (images, labels), [*parameters, *statistics])


def prepare(net: Net, limit: int) -> Step:
    """The step on a net, eager; a limit of 0 bytes means none."""
    if limit:
        keima.dtr.enable()
        keima.device.set_memory_limit(limit)
    made = training(net)
    return Step(lambda: float(made.step(*made.data)), made.state)


def prepare_traced(net: Net, arena: int) -> Step:
    """The step as one graph; values are computed again until its arena takes so many MiB (0: no value is)."""
    made = training(net)
    config = SublinearMemoryConfig(lb_memory_mb=arena) if arena else None
    traced = trace(made.step, symbolic=True, sublinear_memory_config=config)

    def plan() -> dict[str, int]:
        program = traced.recordings[0].program
        return {"arena": program.arena_bytes, "bound": program.arena_bound, "steps": len(program.steps)}

    return Step(lambda: float(traced(*made.data)), made.state, plan)
