# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What has to happen again before a traced function runs without Python: drawing random numbers, counting steps."""

from __future__ import annotations

from collections.abc import Callable

from . import _core
from ._core import Tensor

_actions: list[Callable[[], None]] = []
_obstacles: list[str] = []


def made_anew(make: Callable[[], Tensor]) -> Tensor:
    """What `make` returns; in a trace, a tensor that gets a new value from `make` before every later run."""
    if not _core.is_tracing():
        return make()
    made = make()
    _core.TraceSession.release(made)
    _actions.append(lambda: made._reset(make()))
    return made


def take_actions() -> list[Callable[[], None]]:
    """What was asked for since the last call of this function."""
    taken = list(_actions)
    _actions.clear()
    return taken


def cannot_replay(reason: str) -> None:
    """Say that what runs now must run in Python each time; a trace that would not is refused with the reason."""
    if _core.is_tracing():
        _obstacles.append(reason)


def take_obstacles() -> list[str]:
    """The reasons given since the last call of this function."""
    taken = list(_obstacles)
    _obstacles.clear()
    return taken
