# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""ResNets as they are trained, once for all frameworks: topology and weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

CLASSES = 1000


@dataclass(frozen=True)
class Conv:
    """A convolution without bias, padded to keep the size at stride 1."""

    name: str
    channels: int
    out: int
    size: int
    stride: int


@dataclass(frozen=True)
class Block:
    """Convolutions one after the other, and the one beside them where shapes differ."""

    path: tuple[Conv, ...]
    shortcut: Conv | None


STEM = Conv("stem", 3, 64, 7, 2)


class Layers(Protocol):
    """What a framework brings."""

    def unit(self, x: Any, conv: Conv) -> Any:
        """The convolution and its batch normalisation."""

    def relu(self, x: Any) -> Any: ...
    def max_pool(self, x: Any) -> Any:
        """3x3 windows, stride 2, padding 1."""

    def classify(self, x: Any) -> Any:
        """Means over pixels, then the linear map."""


@dataclass(frozen=True)
class ResNet:
    """A ResNet; with bottlenecks, v1.5: the 3x3 convolution has the stride."""

    bottleneck: bool
    depths: tuple[int, ...]  # blocks of a stage
    size: int
    batch: int

    def blocks(self) -> Iterator[Block]:
        channels = 64
        for stage, count in enumerate(self.depths):
            width = 64 << stage
            out = width * 4 if self.bottleneck else width
            for i in range(count):
                stride = 2 if i == 0 and stage > 0 else 1
                name = f"{stage}.{i}"
                if self.bottleneck:
                    path = (
                        Conv(f"{name}.a", channels, width, 1, 1),
                        Conv(f"{name}.b", width, width, 3, stride),
                        Conv(f"{name}.c", width, out, 1, 1),
                    )
                else:
                    path = (Conv(f"{name}.a", channels, out, 3, stride), Conv(f"{name}.b", out, out, 3, 1))
                shortcut = Conv(f"{name}.s", channels, out, 1, stride) if channels != out or stride != 1 else None
                yield Block(path, shortcut)
                channels = out

    def convolutions(self) -> list[Conv]:
        """All of them, in the order of their use; each has a batch normalisation."""
        found = [STEM]
        for block in self.blocks():
            found += [*block.path, *([block.shortcut] if block.shortcut else [])]
        return found

    def weights(self) -> dict[str, np.ndarray]:
        """He-initialised weights by name, the same for all frameworks."""
        rng = np.random.default_rng(0)
        weights = {}
        for conv in self.convolutions():
            scale = math.sqrt(2 / (conv.channels * conv.size**2))
            drawn = rng.normal(size=(conv.out, conv.channels, conv.size, conv.size)) * scale
            weights[conv.name] = drawn.astype(np.float32)
        width = (64 << (len(self.depths) - 1)) * (4 if self.bottleneck else 1)
        weights["fc"] = (rng.normal(size=(CLASSES, width)) * width**-0.5).astype(np.float32)
        return weights

    def batch_norms(self) -> dict[str, int]:
        """Channels by name."""
        return {conv.name: conv.out for conv in self.convolutions()}

    def forward(self, layers: Layers, x: Any) -> Any:
        """The scores of a batch of images."""
        x = layers.max_pool(layers.relu(layers.unit(x, STEM)))
        for block in self.blocks():
            out = x
            for i, conv in enumerate(block.path):
                out = layers.unit(layers.relu(out) if i else out, conv)
            x = layers.relu(out + (layers.unit(x, block.shortcut) if block.shortcut else x))
        return layers.classify(x)
