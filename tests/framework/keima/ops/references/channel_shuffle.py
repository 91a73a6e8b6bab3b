# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Channels of several images, joined, shuffled in groups and cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _channel_shuffle(*args: Any) -> Array:
    *inps, groups, start, count = args
    joined = np.concatenate(inps, 1)
    n, c, h, w = joined.shape
    shuffled = joined.reshape(n, groups, c // groups, h, w).swapaxes(1, 2).reshape(n, c, h, w)
    return shuffled[:, start : start + count]


REFERENCES["channel_shuffle"] = Reference(
    _channel_shuffle,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, (2, c, 3, 4)) for c in channels), attrs)
        for channels, attrs in [
            ((10, 14), (2, 5, 17)),
            ((20,), (1, 3, 17)),
            ((3, 5, 2, 7, 1), (6, 0, 18)),
            ((4, 4), (2, 8, 0)),
        ]
    ],
    sequence=True,
)
