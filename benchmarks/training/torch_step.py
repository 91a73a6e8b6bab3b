# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The same training step in PyTorch, eager."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from benchmarks.training.cases import Net, data
from benchmarks.training.step import UPDATE, SharedLayers, Step


class Layers(SharedLayers):
    """The layers that the frameworks make differently."""

    def classify(self, x: Any) -> Any:
        return F.linear(x.mean((2, 3)), self._weights["fc"])

    def patches(self, x: Any, name: str, size: int) -> Any:
        return (
            F.conv2d(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], size).flatten(2).transpose(1, 2)
        )

    def with_token(self, x: Any, token: str, positions: str) -> Any:
        return torch.cat([self._weights[token].expand(x.shape[0], -1, -1), x], 1) + self._weights[positions]

    def layer_norm(self, x: Any, name: str) -> Any:
        return F.layer_norm(x, x.shape[-1:], self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], 1e-6)

    def attention(self, qkv: Any, heads: int) -> Any:
        n, length, width = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
        q, k, v = qkv.reshape(n, length, 3, heads, -1).permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, length, width)


def prepare(net: Net, limit: int) -> Step:
    if limit:
        raise ValueError("a memory limit is Keima's alone")
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in net.weights().items()}
    norms = {name: torch.nn.BatchNorm2d(channels) for name, channels in net.batch_norms().items()}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = torch.optim.SGD(parameters, **UPDATE)
    images, labels = (torch.tensor(array) for array in data(net))
    labels = labels.long()
    layers = Layers(F, weights, norms)

    def step() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(net.forward(layers, images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Step(step, lambda: b"")
