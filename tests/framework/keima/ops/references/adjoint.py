# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The adjoint of any linear op."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from references.reference import Array


def linear_adjoint(forward: Callable[[Array], Array], shape: tuple[int, ...], dy: Array) -> Array:
    """The transpose of a linear map, a column at a time."""
    out = np.zeros(math.prod(shape))
    for i in range(out.size):
        unit = np.zeros(out.size)
        unit[i] = 1
        out[i] = (forward(unit.reshape(shape)) * dy).sum()
    return out.reshape(shape)
