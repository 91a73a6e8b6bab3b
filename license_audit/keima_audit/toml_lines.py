# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the line of every key and table of a TOML text, which tomllib does not tell.

The text has been parsed by tomllib before, so only its layout is followed here: headers, keys, and which
lines belong to a multi-line string or array. Inline tables count as part of their key.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^.\s]+))\s*(?:\.|$)""")
_STRING = re.compile(r"""\"""|'''|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[\[\]{}]""")


def locate(text: str) -> dict[Place, int]:
    """Map each table and key, as a path of names and array positions, to its line (from 1)."""
    lines: dict[Place, int] = {(): 1}
    counts: Counter[Place] = Counter()
    table: Place = ()
    open_string, depth = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not open_string and depth == 0:
            header = _HEADER.match(line)
            if header:
                table = _enter(header, counts)
                lines.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if key:
                lines.setdefault((*table, *_split(key.group(1))), number)
        open_string, depth = _follow(line, open_string, depth)
    return lines


def _enter(header: re.Match[str], counts: Counter[Place]) -> Place:
    name: Place = tuple(_split(header.group(2)))
    if header.group(1) != "[[":
        return name
    counts[name] += 1
    return (*name, counts[name] - 1)


def _split(dotted: str) -> list[str]:
    return [next(part for part in found if part is not None) for found in _groups(dotted)]


def _groups(dotted: str) -> list[tuple[str | None, ...]]:
    return [found.groups() for found in _PART.finditer(dotted)]


def _follow(line: str, open_string: str, depth: int) -> tuple[str, int]:
    position = 0
    while position < len(line):
        if open_string:
            end = line.find(open_string, position)
            if end < 0:
                return open_string, depth
            position, open_string = end + 3, ""
            continue
        found = _STRING.search(line, position)
        if found is None:
            break
        mark, position = found.group(), found.end()
        if mark in ('"""', "'''"):
            open_string = mark
        elif mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
    return open_string, depth
