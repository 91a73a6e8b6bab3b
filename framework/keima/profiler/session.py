# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The context in which a program is profiled."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ContextDecorator
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .._core import UnsupportedError
from .._core import profiler as _native
from . import events, scopes
from .events import Profile
from .trace_events import TIMELINE, write_trace

Function = TypeVar("Function", bound=Callable[..., Any])

# About 350 bytes each.
MOST_EVENTS = 1_000_000
# MegEngine's options of devices and formats that do not exist here: nothing of a CPU's ops is lost without them.
_IGNORED = {"sample_rate", "profile_device", "num_tensor_watch", "enable_cupti"}


class Profiler(ContextDecorator):
    """Notes every op, gradient and scope while its block (or the function that it decorates) runs.

    One profiler records at a time, for all threads. When the block ends, the timeline is written to
    `path`/PID.chrome_timeline.json, which chrome://tracing and ui.perfetto.dev open.

    Args:
        path: folder of the timeline, made if need be; None: nothing is written.
        format, formats: "chrome_timeline.json" is the one there is.
        with_scopes: calls of modules appear as scopes, under the names of their classes.
        max_events: the first so many are kept, the others counted (`profile.dropped`).

    Raises:
        UnsupportedError: another format, or `with_backtrace`.

    Attributes:
        profile: what was recorded, once it has ended.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = "profile",
        format: str = TIMELINE,
        formats: Sequence[str] | None = None,
        with_backtrace: bool = False,
        with_scopes: bool = False,
        max_events: int = MOST_EVENTS,
        **kwargs: Any,
    ) -> None:
        unknown = set(kwargs) - _IGNORED
        if unknown:
            raise TypeError(f"Profiler: there is no option {sorted(unknown)[0]!r}")
        if with_backtrace:
            raise UnsupportedError("Profiler: backtraces are not recorded; name parts of the program with scope()")
        self.formats = [format] if formats is None else list(formats)
        for wanted in self.formats:
            if wanted != TIMELINE:
                raise UnsupportedError(f"Profiler: expected the format {TIMELINE!r}, got {wanted!r}")
        self.path = None if path is None else os.fspath(path)
        self._with_scopes = with_scopes
        self._max_events = max_events
        self._step = (1, 0)  # number and start of the step that runs
        self._profile: Profile | None = None

    @property
    def profile(self) -> Profile:
        if self._profile is None:
            raise RuntimeError("Profiler: nothing was recorded yet; leave its block or call stop() first")
        return self._profile

    @property
    def directory(self) -> str | None:
        """Where the timeline goes."""
        return self.path

    @staticmethod
    def format_path(path: str, pid: int, format: str) -> str:
        """Name of the file of a process."""
        return str(Path(path) / f"{pid}.{format}")

    def start(self) -> Profiler:
        """Record from now on; RuntimeError while another profiler does."""
        _native.start(self._max_events)
        self._step = (1, _native.now())
        scopes.show_modules(self._with_scopes)
        return self

    def step(self) -> None:
        """A step of the training ends here: it appears as a scope, from the last one's end."""
        recording = _native.recording()
        if not recording:
            raise RuntimeError("Profiler: start it before step()")
        number, start = self._step
        _native.note_scope(f"step {number}", start, recording)
        self._step = (number + 1, _native.now())

    def stop(self) -> Profile:
        """Record no more; RuntimeError when nothing was started."""
        scopes.show_modules(False)
        self._profile = events.stop()
        return self._profile

    def dump(self) -> None:
        """Write the timeline to `path`, whole or not at all."""
        if self.path is None:
            return
        folder = Path(self.path)
        folder.mkdir(parents=True, exist_ok=True)
        write_trace(self.profile, Path(self.format_path(self.path, os.getpid(), TIMELINE)))

    def __call__(self, func: Function) -> Function:
        decorated: Function = super().__call__(func)
        return decorated

    def __enter__(self) -> Profiler:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.dump()


def profile(*args: Any, **kwargs: Any) -> Any:
    """Profile the function that this decorates: `@profile` or `@profile(path=...)`; options of :class:`Profiler`."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return Profiler()(args[0])
    return Profiler(*args, **kwargs)


def is_profiling() -> bool:
    """Whether a profiler records now."""
    return _native.recording() != 0
