# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Spans that the program names."""

from __future__ import annotations

from contextlib import ContextDecorator
from types import TracebackType

from .._core import profiler as _native


class scope(ContextDecorator):  # noqa: N801  # MegEngine's name
    """Shows what runs inside under a name in the timeline; costs next to nothing while no profiler records.

    >>> with scope("data"):
    ...     pass
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun: list[tuple[int, int]] = []

    def _recreate_cm(self) -> scope:  # a function that it decorates may run on several threads
        return type(self)(self._name)

    def __enter__(self) -> scope:
        recording = _native.recording()
        self._begun.append((_native.now() if recording else 0, recording))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        start, recording = self._begun.pop()
        if recording:
            _native.note_scope(self._name, start, recording)


# Whether calls of modules are scopes: read by each call, so a plain variable.
modules_shown = False


def show_modules(on: bool) -> None:
    """Let calls of modules appear as scopes, or no longer."""
    global modules_shown
    modules_shown = on
