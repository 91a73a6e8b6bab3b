# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Rows as SVG: lanes of the origin, the public line beside them, and what each commit did."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from keima_sync.graph.migration import Commit, State
from keima_sync.graph.rows import LANES, Row

_HEIGHT = 22
_LANE = 14
_LEFT = 16
_TEXT = 900  # width of what stands beside the lines
_CLIPPED = 80
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #222 }
.id { font-family: ui-monospace, monospace } .who, .run { fill: #666 }
.lane { stroke: #888; fill: none; stroke-width: 1.5 } .moves { stroke: #2a7; fill: none; stroke-width: 1.5 }
.comes { stroke: #c70; fill: none; stroke-width: 1.5; stroke-dasharray: 4 3 }
.exported, .public { fill: #2a7 } .pruned { fill: #fff; stroke: #888 } .waiting { fill: #48c }
.imported, .outside { fill: #c70 } .broke { fill: #c22; font-weight: bold } .mended { fill: #2a7; font-weight: bold }
"""


def drawing(rows: Sequence[Row], *, links: bool = False) -> str:
    """One SVG document; with `links`, marks lead to the anchors of a page around it."""
    lanes = min(LANES, 1 + max((lane for row in rows for lane in (row.lane, *row.passing, *row.joins)), default=0))
    public = _LEFT + _LANE * lanes + 46
    height = _HEIGHT * (len(rows) + 1)
    size = f'width="{public + _TEXT}" height="{height}" viewBox="0 0 {public + _TEXT} {height}"'
    label = 'role="img" aria-label="The migration, newest first"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {label}>',
        f"<style>{STYLE}</style>",
        f'<text x="{_LEFT - 8}" y="14" class="who">origin</text>',
        f'<text x="{public - 16}" y="14" class="who">public</text>',
    ]
    above: set[int] = set()
    for number, row in enumerate(rows):
        parts += _row(row, _HEIGHT * (number + 1), public, above, links=links)
        above = {*row.passing, *row.joins, *((row.lane,) if row.goes_on else ())}
    return "\n".join((*parts, "</svg>\n"))


def escaped(text: str) -> str:
    """Text for XML and HTML; what XML cannot hold is shown as a replacement character."""
    return html.escape(_NO_XML.sub("\ufffd", text))


def day(commit: Commit) -> str:
    """The author's day, in UTC."""
    return datetime.fromtimestamp(commit.seconds, timezone.utc).date().isoformat()


def _row(row: Row, top: int, public: int, above: set[int], *, links: bool) -> Iterator[str]:
    middle, bottom = top + _HEIGHT // 2, top + _HEIGHT
    for lane in row.passing:
        yield _line(_x(lane), top, _x(lane), bottom)
    if row.lane in above:
        yield _line(_x(row.lane), top, _x(row.lane), middle)
    if row.goes_on:
        yield _line(_x(row.lane), middle, _x(row.lane), bottom)
    for lane in row.ends:
        yield _curve(_x(lane), top, _x(row.lane), middle)
    for lane in row.joins:
        yield _curve(_x(row.lane), middle, _x(lane), bottom)
    if len(row.commits) > 1:
        yield _run(row, middle, public)
    else:
        yield from _commit(row, middle, public, links=links)


def _commit(row: Row, y: int, public: int, *, links: bool) -> Iterator[str]:
    commit, x = row.newest, _x(row.lane)
    if commit.state is State.EXPORTED:
        yield f'<path class="moves" d="M{x} {y}H{public}"/>'
    elif commit.state is State.IMPORTED:
        yield f'<path class="comes" d="M{public} {y}H{x}"/>'
    if commit.state is not State.OUTSIDE:
        yield f'<circle class="{commit.state.name.lower()}" cx="{x}" cy="{y}" r="4"/>'
    if commit.other or commit.state is State.OUTSIDE:
        kind = "public" if commit.state is State.EXPORTED else "outside"
        yield f'<circle class="{kind}" cx="{public}" cy="{y}" r="4"/>'
    ids = commit.id[:9] + (f" \u2192 {commit.other[:9]}" if commit.other else "")
    subject = commit.subject if len(commit.subject) <= _CLIPPED else commit.subject[: _CLIPPED - 1] + "\u2026"
    marks = "".join(_marks(row, links=links))
    yield (
        f'<text x="{public + 16}" y="{y + 4}"><title>{escaped(commit.state.value)}: {escaped(commit.subject)}</title>'
        f'<tspan class="id">{ids}</tspan>  {escaped(subject)}  '
        f'<tspan class="who">{escaped(commit.author)}, {day(commit)}</tspan>{marks}</text>'
    )


def _marks(row: Row, *, links: bool) -> Iterator[str]:
    for name, found, sign in (("broke", row.marks.broke, "\u2717"), ("mended", row.marks.mended, "\u2713")):
        if found:
            said = f'<tspan class="{name}">  {sign} {name} {len(found)}</tspan>'
            yield f'<a href="#{name}-{row.newest.id}">{said}</a>' if links else said


def _run(row: Row, y: int, public: int) -> str:
    first, last = row.commits[-1], row.commits[0]
    said = f"\u22ee {len(row.commits)} commits ({row.newest.state.value}), {day(first)} to {day(last)}"
    return f'<text class="run" x="{public + 16}" y="{y + 4}">{said}</text>'


def _x(lane: int) -> int:
    return _LEFT + _LANE * min(max(lane, 0), LANES - 1)


def _line(x: int, y: int, to_x: int, to_y: int) -> str:
    return f'<path class="lane" d="M{x} {y}L{to_x} {to_y}"/>'


def _curve(x: int, y: int, to_x: int, to_y: int) -> str:
    half = (y + to_y) // 2
    return f'<path class="lane" d="M{x} {y}C{x} {half} {to_x} {half} {to_x} {to_y}"/>'
