# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""ViT-S/16 as it is trained, once for all frameworks: topology (timm's, without dropout) and weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

CLASSES = 1000


class Layers(Protocol):
    """What a framework brings; names are those of weights()."""

    def patches(self, x: Any, name: str, size: int) -> Any:
        """(N, 3, H, W) to (N, patches, width): a convolution whose stride is its kernel, with a bias."""

    def with_token(self, x: Any, token: str, positions: str) -> Any:
        """The class token put in front, positions added."""

    def layer_norm(self, x: Any, name: str) -> Any: ...
    def linear(self, x: Any, name: str) -> Any: ...
    def attention(self, qkv: Any, heads: int) -> Any:
        """(N, length, 3 * width), which is q, k and v of all heads, to (N, length, width)."""

    def gelu(self, x: Any) -> Any:
        """The exact one."""

    def first(self, x: Any) -> Any:
        """(N, length, width) to (N, width)."""


@dataclass(frozen=True)
class VisionTransformer:
    batch: int
    size: int = 224
    patch: int = 16
    width: int = 384
    depth: int = 12
    heads: int = 6

    def weights(self) -> dict[str, np.ndarray]:
        """Small normal weights, norms of 1, biases of 0, by name."""
        rng = np.random.default_rng(0)
        weights: dict[str, np.ndarray] = {}

        def linear(name: str, inputs: int, outputs: int) -> None:
            weights[f"{name}.weight"] = (rng.normal(size=(outputs, inputs)) * 0.02).astype(np.float32)
            weights[f"{name}.bias"] = np.zeros(outputs, np.float32)

        def norm(name: str) -> None:
            weights[f"{name}.weight"] = np.ones(self.width, np.float32)
            weights[f"{name}.bias"] = np.zeros(self.width, np.float32)

        linear("patches", 3 * self.patch**2, self.width)
        weights["patches.weight"] = weights["patches.weight"].reshape(self.width, 3, self.patch, self.patch)
        length = (self.size // self.patch) ** 2 + 1
        weights["token"] = (rng.normal(size=(1, 1, self.width)) * 0.02).astype(np.float32)
        weights["positions"] = (rng.normal(size=(1, length, self.width)) * 0.02).astype(np.float32)
        for i in range(self.depth):
            norm(f"{i}.norm1")
            linear(f"{i}.qkv", self.width, 3 * self.width)
            linear(f"{i}.out", self.width, self.width)
            norm(f"{i}.norm2")
            linear(f"{i}.fc1", self.width, 4 * self.width)
            linear(f"{i}.fc2", 4 * self.width, self.width)
        norm("norm")
        linear("head", self.width, CLASSES)
        return weights

    def batch_norms(self) -> dict[str, int]:
        return {}

    def forward(self, layers: Layers, x: Any) -> Any:
        """The scores of a batch of images."""
        x = layers.with_token(layers.patches(x, "patches", self.patch), "token", "positions")
        for i in range(self.depth):
            qkv = layers.linear(layers.layer_norm(x, f"{i}.norm1"), f"{i}.qkv")
            x = x + layers.linear(layers.attention(qkv, self.heads), f"{i}.out")
            hidden = layers.gelu(layers.linear(layers.layer_norm(x, f"{i}.norm2"), f"{i}.fc1"))
            x = x + layers.linear(hidden, f"{i}.fc2")
        return layers.linear(layers.first(layers.layer_norm(x, "norm")), "head")
