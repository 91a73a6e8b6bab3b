# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Sorting."""

from __future__ import annotations

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _sorted(x: Array, descending: bool, count: int) -> tuple[Array, Array]:
    order = np.argsort(-x if descending else x, axis=-1, kind="stable")
    order = order if count < 0 else order[..., :count]
    return np.take_along_axis(x, order, -1), order


REFERENCES["sort"] = Reference(
    _sorted,
    lambda rng: (
        [
            Case((rng.permutation(24).reshape(2, 3, 4) / 8.0,), (descending, count))
            for descending in (False, True)
            for count in (-1, 0, 2, 9)
        ]
        + [
            Case((rng.permutation(3000) / 64.0,), (False, -1)),
            Case((rng.permutation(3000) / 64.0,), (True, 5)),
            Case((np.zeros((3, 0)),), (False, -1)),
        ]
    ),
    differentiable=(0,),
)
