# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Running sums."""

from __future__ import annotations

import numpy as np

from references.reference import Case, Reference

REFERENCES: dict[str, Reference] = {}

REFERENCES["cumsum"] = Reference(
    lambda x, axis, reverse: np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis),
    lambda rng: (
        [Case((rng.uniform(-1, 1, (3, 4, 5)),), (axis, reverse)) for axis in (0, 1, -1) for reverse in (False, True)]
        + [Case((np.zeros((0, 2)),), (0, False))]
    ),
    differentiable=(0,),
)
