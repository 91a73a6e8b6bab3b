# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms of samples; those of images take (height, width, channels) arrays."""

from .base import PseudoTransform, Transform
from .vision import (
    BrightnessTransform,
    CenterCrop,
    Compose,
    ContrastTransform,
    GaussianNoise,
    Normalize,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToMode,
    VisionTransform,
)

__all__ = [
    "BrightnessTransform",
    "CenterCrop",
    "Compose",
    "ContrastTransform",
    "GaussianNoise",
    "Normalize",
    "Pad",
    "PseudoTransform",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "ToMode",
    "Transform",
    "VisionTransform",
]
