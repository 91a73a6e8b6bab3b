# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Switching recording off for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .. import _core


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this scope (or decorated function) nothing is recorded, whatever gradient managers are open."""
    _core.pause_recording()
    try:
        yield
    finally:
        _core.resume_recording()


def is_recording() -> bool:
    """Whether ops on attached tensors are being recorded now."""
    return _core.is_recording()
