# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A profile as a table: one row for calls that are alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from .events import Event, Profile, Shape
from .roofline import Roofline

# Below this share of the machine's limit, and this time a call, what surrounds a kernel decides.
_SMALL_SHARE, _SMALL_SECONDS = 0.2, 20e-6


@dataclass
class Row:
    """Calls that are alike, added up.

    Attributes:
        op: name, "convert" for conversions of layouts.
        forward: the op whose gradient they help to compute, or "".
        step: of a compiled graph, or -1.
        operands, result: shapes, where all calls have the same; else empty.
        calls: how many.
        seconds: without those of events within (a conversion, a value computed again).
        flops, nbytes: of all calls.
    """

    op: str
    forward: str
    step: int
    operands: tuple[Shape, ...]
    result: Shape
    calls: int = 0
    seconds: float = 0.0
    flops: float = 0.0
    nbytes: int = 0

    @property
    def name(self) -> str:
        """`conv2d_backward_data (gradient of conv2d)`"""
        return f"{self.op} (gradient of {self.forward})" if self.forward else self.op


Key = Callable[[Event], Hashable]
BY: dict[str, Key] = {
    "op": lambda e: (e.name, e.forward),
    "shape": lambda e: (e.name, e.forward, e.operands, e.result),
    "step": lambda e: (e.name, e.step),
}


def timed(profile: Profile) -> Iterator[tuple[Event, int]]:
    """Ops and conversions with their own nanoseconds, of all threads."""
    for thread in profile.threads:
        for event, own in thread.own_times():
            if event.category in ("op", "conversion"):
                yield event, own


def rows(profile: Profile, by: str = "op") -> list[Row]:
    """Ops and conversions, the longest first.

    Args:
        by: "op": calls of one op in one role; "shape": on tensors of one shape too; "step": by the steps of a
            compiled graph.
    """
    if by not in BY:
        raise ValueError(f"rows: expected by to be one of {sorted(BY)}, got {by!r}")
    found: dict[Hashable, Row] = {}
    for event, own in timed(profile):
        key = BY[by](event)
        row = found.get(key)
        if row is None:
            row = found[key] = Row(event.name, event.forward, event.step, event.operands, event.result)
        elif (row.operands, row.result) != (event.operands, event.result):
            row.operands, row.result = (), ()
        row.calls += 1
        row.seconds += own * 1e-9
        row.flops += event.flops
        row.nbytes += event.bytes_in + event.bytes_out
    return sorted(found.values(), key=lambda row: -row.seconds)


def share(row: Row, roofline: Roofline) -> float:
    """The least time for these operations and bytes over the time that they took: 1 is all that the machine has.

    More than 1 is possible: where bytes come from a cache, and where an algorithm does with fewer operations
    (Winograd's) than were counted.
    """
    return roofline.seconds(row.flops, row.nbytes) / row.seconds if row.seconds > 0 else 0.0


def bound(row: Row, roofline: Roofline) -> str:
    """What limits these calls, in words."""
    if not row.nbytes and not row.flops:
        return "moves nothing"
    part = share(row, roofline)
    if part < _SMALL_SHARE and row.seconds < _SMALL_SECONDS * row.calls:
        return f"too small: the call itself ({part:.0%})"
    if roofline.is_compute_bound(row.flops, row.nbytes):
        return f"compute-bound ({part:.0%} of the peak)"
    return f"memory-bound ({part:.0%} of the bandwidth)"
