# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The nets that are trained, once for all frameworks: topologies, cases and weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

CLASSES = 1000


@dataclass(frozen=True)
class Case:
    """What a row of the table measures."""

    bottleneck: bool
    blocks: tuple[int, ...]  # a stage
    size: int
    batch: int


CASES = {
    "resnet18-32": Case(False, (2, 2, 2, 2), 32, 64),
    "resnet18-224": Case(False, (2, 2, 2, 2), 224, 16),
    "resnet50-224": Case(True, (3, 4, 6, 3), 224, 8),
}
# Two stages of nine blocks: its memory is activations of one size, as in the nets that rematerialisation is for. In the
# others parameters, their momentum and gradient, and what the first layers need at once, take more than half.
DEEP = Case(False, (9, 9), 128, 16)
ALL_CASES = {**CASES, "deep-128": DEEP}


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


def blocks(case: Case) -> Iterator[Block]:
    """The residual blocks of a ResNet; with bottlenecks, v1.5: the 3x3 convolution has the stride."""
    channels = 64
    for stage, count in enumerate(case.blocks):
        width = 64 << stage
        out = width * 4 if case.bottleneck else width
        for i in range(count):
            stride = 2 if i == 0 and stage > 0 else 1
            name = f"{stage}.{i}"
            if case.bottleneck:
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


def convolutions(case: Case) -> list[Conv]:
    """All of a net's, in the order of their use."""
    found = [STEM]
    for block in blocks(case):
        found += [*block.path, *([block.shortcut] if block.shortcut else [])]
    return found


def features(case: Case) -> int:
    """Channels before the classifier."""
    return (64 << (len(case.blocks) - 1)) * (4 if case.bottleneck else 1)


def fixed_weights(case: Case) -> dict[str, np.ndarray]:
    """He-initialised weights by name, the same for all frameworks."""
    rng = np.random.default_rng(0)
    weights = {}
    for conv in convolutions(case):
        scale = math.sqrt(2 / (conv.channels * conv.size**2))
        drawn = rng.normal(size=(conv.out, conv.channels, conv.size, conv.size)) * scale
        weights[conv.name] = drawn.astype(np.float32)
    width = features(case)
    weights["fc"] = (rng.normal(size=(CLASSES, width)) * width**-0.5).astype(np.float32)
    return weights


def data(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels."""
    rng = np.random.default_rng(1)
    images = rng.normal(size=(case.batch, 3, case.size, case.size)).astype(np.float32)
    return images, rng.integers(0, CLASSES, case.batch).astype(np.int32)


class Layers(Protocol):
    """What a framework brings."""

    def unit(self, x: Any, conv: Conv) -> Any:
        """The convolution and its batch normalisation."""

    def relu(self, x: Any) -> Any: ...
    def max_pool(self, x: Any) -> Any:
        """3x3 windows, stride 2, padding 1."""

    def classify(self, x: Any) -> Any:
        """Means over pixels, then the linear map."""


def forward(case: Case, layers: Layers, x: Any) -> Any:
    """The scores of a batch of images."""
    x = layers.max_pool(layers.relu(layers.unit(x, STEM)))
    for block in blocks(case):
        out = x
        for i, conv in enumerate(block.path):
            out = layers.unit(layers.relu(out) if i else out, conv)
        x = layers.relu(out + (layers.unit(x, block.shortcut) if block.shortcut else x))
    return layers.classify(x)
