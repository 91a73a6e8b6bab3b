# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What the rows of the tables measure, and its data."""

from __future__ import annotations

import numpy as np

from benchmarks.training.residual import ResNet
from benchmarks.training.vision_transformer import VisionTransformer

Net = ResNet | VisionTransformer

CASES: dict[str, Net] = {
    "resnet18-32": ResNet(False, (2, 2, 2, 2), 32, 64),
    "resnet18-224": ResNet(False, (2, 2, 2, 2), 224, 16),
    "resnet50-224": ResNet(True, (3, 4, 6, 3), 224, 8),
    "vit-s16-224": VisionTransformer(8),
}
# Two stages of nine blocks: its memory is activations of one size, as in the nets that rematerialisation is for. In the
# others parameters, their momentum and gradient, and what the first layers need at once, take more than half.
DEEP = ResNet(False, (9, 9), 128, 16)
ALL_CASES: dict[str, Net] = {**CASES, "deep-128": DEEP}


def data(net: Net) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels."""
    rng = np.random.default_rng(1)
    images = rng.normal(size=(net.batch, 3, net.size, net.size)).astype(np.float32)
    return images, rng.integers(0, 1000, net.batch).astype(np.int32)
