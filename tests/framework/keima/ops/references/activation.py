# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The activations that fused ops take by name."""

from __future__ import annotations

import numpy as np

from references.reference import Array


def activated(x: Array, activation: str) -> Array:
    return x if not activation else np.clip(x, 0, {"relu": np.inf, "relu6": 6.0}[activation])
