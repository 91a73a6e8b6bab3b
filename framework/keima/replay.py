# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What has to happen again before a traced function runs without Python: drawing random numbers, counting steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from . import _core
from ._core import Tensor


class _Noted(threading.local):
    """What the trace of this thread was told."""

    def __init__(self) -> None:
        self.actions: list[Callable[[], None]] = []
        self.obstacles: list[str] = []


_noted = _Noted()


def made_anew(make: Callable[[], Tensor]) -> Tensor:
    """What `make` returns; in a trace, a tensor that gets a new value from `make` before every later run."""
    session = _core.TraceSession.current()
    if session is None:
        return make()
    made = session.made_outside(make)
    _noted.actions.append(lambda: made._reset(make()))
    return made


def repeat(action: Callable[[], None]) -> None:
    """Do it now, and again before every later run of the trace that records."""
    action()
    if _core.is_tracing():
        _noted.actions.append(action)


def take_actions() -> list[Callable[[], None]]:
    """What was asked for since the last call of this function."""
    taken, _noted.actions = _noted.actions, []
    return taken


def cannot_replay(reason: str) -> None:
    """Say that what runs now must run in Python each time; a trace that would not is refused with the reason."""
    if _core.is_tracing():
        _noted.obstacles.append(reason)


def take_obstacles() -> list[str]:
    """The reasons given since the last call of this function."""
    taken, _noted.obstacles = _noted.obstacles, []
    return taken
