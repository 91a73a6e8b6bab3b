# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Events as the native core noted them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .._core import profiler as _native

Shape = tuple[int, ...]


class Event(NamedTuple):
    """Something that took time on one thread.

    Attributes:
        category: "op"; "conversion" of layout or strides, inside the op that needs it; "gradient" of one op and "pass",
            a whole backward pass; "graph", a run of a compiled graph; "scope", named by the program.
        name: of the op or scope.
        forward: the op whose gradient this helps to compute, or "".
        step: number of the step of a compiled graph, or -1.
        start, end: nanoseconds of the monotonic clock.
        flops: by the direct algorithm; a multiplication and an addition are two.
        bytes_in, bytes_out: operands, each read once, and results.
        operands: shapes of the first two.
        result: shape of the first one.
    """

    category: str
    name: str
    forward: str
    step: int
    start: int
    end: int
    flops: float
    bytes_in: int
    bytes_out: int
    operands: tuple[Shape, ...]
    result: Shape

    @property
    def nanoseconds(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Thread:
    """The events of one thread, by their end, and the system's number of it."""

    number: int
    name: str
    events: list[Event]

    def own_times(self) -> Iterator[tuple[Event, int]]:
        """Each event with its nanoseconds outside the events within it."""
        order = sorted(self.events, key=lambda event: (event.start, -event.end))
        stack: list[tuple[Event, int]] = []
        for event in order:
            while stack and stack[-1][0].end <= event.start:
                yield stack.pop()
            if stack:
                outer, own = stack[-1]
                stack[-1] = (outer, own - event.nanoseconds)
            stack.append((event, event.nanoseconds))
        yield from reversed(stack)


@dataclass(frozen=True)
class Profile:
    """A recording.

    Attributes:
        threads: those that ran anything.
        dropped: events beyond the limit, which are not in it.
        start, end: nanoseconds of the monotonic clock.
    """

    threads: list[Thread]
    dropped: int
    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) * 1e-9


def stop() -> Profile:
    """End the recording that runs; RuntimeError when none does."""
    threads, dropped, start, end = _native.stop()
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    return Profile(
        [
            Thread(number, names.get(number, f"thread {number}"), [Event(*event) for event in events])
            for number, events in threads
        ],
        dropped,
        start,
        end,
    )
