# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The random numbers of transforms: made of the loader's seed and the batch's number, whoever makes the batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import numpy as np

_current: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)


@cache
def _outside() -> np.random.Generator:
    return np.random.Generator(np.random.Philox())


def generator() -> np.random.Generator:
    """The generator of the batch that is being made; outside of loaders one of the process."""
    inside = _current.get()
    return _outside() if inside is None else inside


@contextmanager
def batch(seed: int, number: int) -> Iterator[None]:
    """Within, `generator()` gives the numbers of this batch of a pass with this seed."""
    token = _current.set(np.random.Generator(np.random.Philox([seed, number])))
    try:
        yield
    finally:
        _current.reset(token)
