# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Random weights that follow from their names, so that two frameworks have the same without sharing files."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def normal(name: str, shape: tuple[int, ...], scale: float, mean: float = 0.0) -> Array:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return (rng.standard_normal(shape, dtype=np.float32) * np.float32(scale) + np.float32(mean)).astype(np.float32)


def kernel(name: str, shape: tuple[int, ...], gain: float = 2.0) -> Array:
    """Weights (out, in, ...) that keep the magnitude of activations (He et al., 2015)."""
    return normal(name, shape, (gain / float(np.prod(shape[1:]))) ** 0.5)


def norm(name: str, channels: int, scale: float) -> dict[str, Array]:
    """Scale, shift and statistics of a batch normalisation, as a trained net could have them."""
    return {
        "weight": normal(f"{name}.weight", (channels,), 0.1 * scale, scale),
        "bias": normal(f"{name}.bias", (channels,), 0.1),
        "mean": normal(f"{name}.mean", (channels,), 0.1),
        "var": np.abs(normal(f"{name}.var", (channels,), 0.1, 1.0)) + np.float32(0.1),
    }
