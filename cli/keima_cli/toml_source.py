# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""TOML configuration that knows the line of every key, so that an error can name file and line.

tomllib parses; the lines are found in a second pass over the text, which tomllib has accepted by then: it
follows layout only (headers, keys, multi-line strings and arrays). An inline table counts as part of its key.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from keima_cli.atomic import explained
from keima_cli.errors import ConfigError, name_hint

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Place: TypeAlias = tuple[str | int, ...]
"""Where a value stands: names of tables and keys, and positions in arrays of tables."""

_LIMIT_BYTES = 4 << 20

_NAME = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_TOKEN = re.compile(r"""\"\"\"|'''|"(?:[^"\\]|\\.)*"|'[^']*'|#.*|[\[\]{}]""")
# A multi-line basic string may hold an escaped quote; a literal one may not.
_CLOSE = {'"""': re.compile(r'(?:[^"\\]|\\.|\\$|"(?!""))*"""+'), "'''": re.compile(r"(?:[^']|'(?!''))*'''+")}


@dataclass(frozen=True)
class TomlSource:
    """A parsed TOML file; `data` is what tomllib gives, `line` tells where a value was written."""

    path: Path
    data: dict[str, Any]
    _lines: dict[Place, int] = field(repr=False)

    def line(self, *place: str | int) -> int:
        """The line (from 1) of a key or table, or of the nearest table around it that was written out."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def error(self, message: str, *place: str | int, hint: str | None = None) -> ConfigError:
        """An error, to be raised, that names the file and the line of `place`."""
        return ConfigError(self.path, self.line(*place), message, hint=hint)

    def check_keys(self, table: Mapping[str, Any], known: Iterable[str], *place: str | int) -> None:
        """Raise ConfigError at the first key of `table`, which stands at `place`, that is not known."""
        known = list(known)
        for key in table:
            if key not in known:
                where = f" in [{'.'.join(map(str, place))}]" if place else ""
                raise self.error(f"unknown key {key!r}{where}", *place, key, hint=name_hint(key, known))


def read_toml(path: Path) -> TomlSource:
    """Read a TOML file of at most 4 MiB.

    Raises ConfigError for text that is not TOML, BrokenInputError for a file that cannot be read.
    """
    with explained(path, "read"):
        raw = path.read_bytes()
    if len(raw) > _LIMIT_BYTES:
        raise ConfigError(path, 1, f"expected at most {_LIMIT_BYTES} bytes of configuration, got {len(raw)}")
    try:
        text = raw.decode()
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigError(path, raw[: error.start].count(b"\n") + 1, "expected UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        line, message = _said(str(error), text)
        raise ConfigError(path, line, f"not valid TOML: {message}") from error
    return TomlSource(path, data, locate(text))


def _said(message: str, text: str) -> tuple[int, str]:
    """Split tomllib's `... (at line 3, column 5)`, or `(at end of document)`."""
    found = re.search(r" \(at line (\d+), column \d+\)$", message)
    if found:
        return int(found.group(1)), message[: found.start()]
    return text.count("\n") + 1, message.removesuffix(" (at end of document)")


def locate(text: str) -> dict[Place, int]:
    """Map each table and key of valid TOML text to its line (from 1)."""
    lines: dict[Place, int] = {(): 1}
    counts: Counter[Place] = Counter()
    table: Place = ()
    state = _Layout()
    for number, line in enumerate(text.split("\n"), start=1):
        if not state.inside:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                table = _enter(header, counts)
                _note(lines, table, number)
                continue
            if key:
                _note(lines, (*table, *_split(key.group(1))), number)
        state.follow(line)
    return lines


def _note(lines: dict[Place, int], place: Place, number: int) -> None:
    """Record a key or header, and the tables that it makes on its way."""
    for length in range(1, len(place) + 1):
        lines.setdefault(place[:length], number)


def _enter(header: re.Match[str], counts: Counter[Place]) -> Place:
    """The place of a header; a name on its way that is an array of tables means that array's last table."""
    place: Place = ()
    parts = _split(header.group(2))
    for position, part in enumerate(parts):
        place = (*place, part)
        last = position == len(parts) - 1
        if last and header.group(1) == "[[":
            counts[place] += 1
        if counts[place]:
            place = (*place, counts[place] - 1)
    return place


def _split(dotted: str) -> list[str]:
    return [_unquote(name) for name in re.findall(_NAME, dotted)]


def _unquote(name: str) -> str:
    if name.startswith("'"):
        return name[1:-1]
    if name.startswith('"'):
        return str(tomllib.loads(f"v = {name}")["v"])
    return name


class _Layout:
    """Knows, line by line, whether a multi-line string or array is still open."""

    def __init__(self) -> None:
        self._string = ""
        self._depth = 0

    @property
    def inside(self) -> bool:
        return bool(self._string) or self._depth > 0

    def follow(self, line: str) -> None:
        position = 0
        while position < len(line):
            if self._string:
                end = _CLOSE[self._string].match(line, position)
                if end is None:
                    return
                position, self._string = end.end(), ""
                continue
            token = _TOKEN.search(line, position)
            if token is None:
                return
            position = token.end()
            self._take(token.group())

    def _take(self, mark: str) -> None:
        if mark in _CLOSE:
            self._string = mark
        elif mark in "[{":
            self._depth += 1
        elif mark in "]}":
            self._depth -= 1
