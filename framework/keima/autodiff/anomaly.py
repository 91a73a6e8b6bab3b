# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finding the op that first made a NaN."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .. import _core


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Within this scope an op that makes a NaN from inputs without one raises, forward and backward; slow.

    >>> import keima
    >>> with detect_anomaly():
    ...     keima.functional.log(keima.Tensor([-1.0]))
    Traceback (most recent call last):
    keima.KeimaError: anomaly mode: log made a NaN of shape (1,) from inputs without one
    """
    before = _core.anomaly_mode()
    _core.set_anomaly_mode(True)
    try:
        yield
    finally:
        _core.set_anomaly_mode(before)
