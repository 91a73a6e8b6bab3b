# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The networks that recipes name, each by one function that builds it."""

from __future__ import annotations

from collections.abc import Callable

import keima.functional as F  # noqa: N812  # the field's name for it
import keima.module as M  # noqa: N812
from keima import Tensor


class LeNet(M.Module):
    """Two convolutions and two linear layers for 28x28 images of one channel, after LeCun et al., 1998."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = M.Conv2d(1, 16, 5, padding=2)
        self.conv2 = M.Conv2d(16, 32, 5, padding=2)
        self.pool = M.MaxPool2d(2)
        self.fc1 = M.Linear(32 * 7 * 7, 128)
        self.fc2 = M.Linear(128, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(images)))
        x = self.pool(F.relu(self.conv2(x)))
        logits: Tensor = self.fc2(F.relu(self.fc1(F.flatten(x, 1))))
        return logits


class BasicBlock(M.Module):
    """Two 3x3 convolutions beside a shortcut (He et al., 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = M.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = M.BatchNorm2d(channels)
        self.conv2 = M.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = M.BatchNorm2d(channels)
        self.shortcut: M.Module = M.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = M.Sequential(
                M.Conv2d(channels_in, channels, 1, stride, bias=False), M.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class ResNet18(M.Module):
    """ResNet-18 for 28x28 images of one channel: a 3x3 stem of stride 1 and a 2x2 max pool, then the usual stages."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = M.Conv2d(1, 64, 3, padding=1, bias=False)
        self.bn = M.BatchNorm2d(64)
        self.pool = M.MaxPool2d(2)
        widths = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
        blocks = [BasicBlock(i, o, s) for first, o, stride in widths for i, s in ((first, stride), (o, 1))]
        self.blocks = M.Sequential(*blocks)
        self.fc = M.Linear(512, classes)

    def forward(self, images: Tensor) -> Tensor:
        x = self.blocks(self.pool(F.relu(self.bn(self.stem(images)))))
        logits: Tensor = self.fc(F.mean(x, (2, 3)))
        return logits


MODELS: dict[str, Callable[[], M.Module]] = {"lenet": LeNet, "resnet18-28": ResNet18}
