# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The random numbers of transforms: made of the loader's seed and the batch's number, whoever makes the batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

_current: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)
_outside: list[np.random.Generator] = []


def generator() -> np.random.Generator:
    """The generator of the batch that is being made; outside of loaders one of the process."""
    inside = _current.get()
    if inside is not None:
        return inside
    if not _outside:
        _outside.append(np.random.Generator(np.random.Philox()))
    return _outside[0]


@contextmanager
def batch(seed: int, number: int) -> Iterator[None]:
    """Within, `generator()` gives the numbers of this batch of a pass with this seed."""
    token = _current.set(np.random.Generator(np.random.Philox([seed, number])))
    try:
        yield
    finally:
        _current.reset(token)
