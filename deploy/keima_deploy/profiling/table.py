# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a profile for people: plain aligned lines, which no terminal's width cuts."""

from __future__ import annotations

from keima.profiler import Roofline, Row, bound
from keima_deploy.graph.description import amount

_HEADINGS = ("calls", "ms", "%", "FLOP/s", "B/s", "what limits it", "op", "shapes")
_TEXTS = 3  # how many of the last are words, aligned on the left


def machine(roofline: Roofline) -> str:
    """The machine's limits, as every table states them."""
    threads = f"{roofline.threads} thread{'s' if roofline.threads > 1 else ''}"
    peak, bandwidth = amount(roofline.flops, "FLOP/s"), amount(roofline.bandwidth, "B/s")
    return f"measured on {threads} ({roofline.isa}): peak {peak}, bandwidth {bandwidth}"


def rows_table(title: str, rows: list[Row], runs: int, roofline: Roofline) -> str:
    """A line for each row, under the title and the machine's limits; times are those of one run."""
    total = sum(row.seconds for row in rows) or 1.0
    lines = [_HEADINGS, *(_cells(row, runs, row.seconds / total, roofline) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADINGS))]
    return "\n".join([title, machine(roofline), *(_aligned(line, widths) for line in lines)])


def _cells(row: Row, runs: int, part: float, roofline: Roofline) -> tuple[str, ...]:
    rates = (amount(count / row.seconds) if row.seconds and count else "" for count in (row.flops, row.nbytes))
    times = (f"{row.calls / runs:g}", f"{row.seconds / runs * 1e3:.3f}", f"{part:.1%}")
    return (*times, *rates, bound(row, roofline), row.name, _shapes(row))


def _shapes(row: Row) -> str:
    """`2x3x8x8, 4x3x3x3 -> 2x4x6x6`, where all calls have the same."""
    if not row.operands:
        return ""
    return f"{', '.join(map(_shape, row.operands))} -> {_shape(row.result)}"


def _shape(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes)) or "scalar"


def _aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    numbers = len(cells) - _TEXTS
    texts = zip(cells[numbers:], widths[numbers:], strict=True)
    right = [cell.rjust(width) for cell, width in zip(cells[:numbers], widths, strict=False)]
    return "  ".join([*right, *(cell.ljust(width) for cell, width in texts)]).rstrip()
