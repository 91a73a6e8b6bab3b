# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What happens to the content of published files: marked blocks are cut, text is replaced, all other bytes stay.

Lines end at LF alone, so that CRLF and a missing final newline survive. Files with a NUL among their first 8,000
bytes are binary, as for git, and stay as they are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from keima_sync.errors import TransformError
from keima_sync.globs import Glob

PROBE_BYTES = 8000


@dataclass(frozen=True)
class Scope:
    """The paths that a content rule is for, by their internal names; no globs means all."""

    globs: tuple[Glob, ...] = ()

    def matches(self, path: bytes) -> bool:
        """Whether the rule is for the file."""
        return not self.globs or any(glob.matches(path) for glob in self.globs)

    def may_match_in(self, folder: bytes) -> bool:
        """Whether the rule can be for anything in the folder."""
        return not self.globs or any(glob.may_match_in(folder) for glob in self.globs)


@dataclass(frozen=True)
class Block:
    """A pair of markers. `strip` cuts the lines from the one to the other; `unwrap` cuts the two lines only."""

    begin: bytes
    end: bytes
    strip: bool
    scope: Scope
    line: int
    _begin: re.Pattern[bytes] = field(init=False, repr=False, compare=False)
    _end: re.Pattern[bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_begin", _whole(self.begin))
        object.__setattr__(self, "_end", _whole(self.end))

    def __str__(self) -> str:
        return f"{'strip' if self.strip else 'unwrap'} {self.begin.decode()} ... {self.end.decode()}"

    def apply(self, data: bytes, path: bytes) -> bytes:
        """Cut the blocks. Raises TransformError for markers that are nested, unclosed, orphaned or share a line."""
        if self.begin not in data and self.end not in data:
            return data
        kept = []
        opened = 0
        for number, line in enumerate(io.BytesIO(data), start=1):
            begins, ends = bool(self._begin.search(line)), bool(self._end.search(line))
            if begins or ends:
                self._check(path, number, begins=begins, ends=ends, opened=opened)
                opened = number if begins else 0
            elif not (opened and self.strip):
                kept.append(line)
        if opened:
            problem = f"{self.begin.decode()} is never closed"
            raise TransformError(path, opened, problem, hint=f"add {self.end.decode()} on a line of its own")
        return b"".join(kept)

    def _check(self, path: bytes, number: int, *, begins: bool, ends: bool, opened: int) -> None:
        if begins and ends:
            raise TransformError(
                path, number, "both markers of a block on one line", hint="give each marker a line of its own"
            )
        if begins and opened:
            raise TransformError(
                path,
                number,
                f"{self.begin.decode()} inside the block of line {opened}",
                hint="close that block first: blocks do not nest",
            )
        if ends and not opened:
            problem = f"{self.end.decode()} without {self.begin.decode()} before it"
            raise TransformError(path, number, problem, hint="add the missing marker or remove this one")


@dataclass(frozen=True)
class Replacement:
    """A text or RE2 pattern and what stands for it; the count of matches in a file must be in [least, most]."""

    pattern: Any
    template: Callable[[Any], bytes] | bytes
    least: int
    most: int | None
    scope: Scope
    place: str  # in the configuration, as file:line

    def __str__(self) -> str:
        return f"replace {self.pattern.pattern.decode('utf-8', 'replace')}"

    def apply(self, data: bytes, path: bytes) -> bytes:
        """Replace every match. Raises TransformError if there are fewer or more than expected."""
        result, count = self.pattern.subn(self.template, data) if self.pattern.search(data) else (data, 0)
        if count < self.least or (self.most is not None and count > self.most):
            most = "any number" if self.most is None else self.most
            expected = str(self.least) if self.least == self.most else f"{self.least} to {most}"
            problem = f"expected {expected} matches of the replacement at {self.place}, found {count}"
            raise TransformError(path, 0, problem, hint="change its pattern, paths or count")
        return bytes(result)


@dataclass(frozen=True)
class ContentRules:
    """All content rules in the order in which they apply: blocks, then replacements.

    `drop_on_error` leaves a file out that a rule fails on, instead of stopping. Text of more than `limit` bytes
    counts as an error: it would have to be held in memory.
    """

    blocks: tuple[Block, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    drop_on_error: bool = False
    limit: int = 256 << 20

    @property
    def _rules(self) -> tuple[Block | Replacement, ...]:
        return (*self.blocks, *self.replacements)

    def applicable(self, path: bytes) -> tuple[Block | Replacement, ...]:
        """The rules that are for a file."""
        return tuple(rule for rule in self._rules if rule.scope.matches(path))

    def any_in(self, folder: bytes) -> bool:
        """Whether a rule can be for anything in a folder."""
        return any(rule.scope.may_match_in(folder) for rule in self._rules)


def transformed(rules: tuple[Block | Replacement, ...], data: bytes, path: bytes) -> bytes:
    """A file's public content; raises TransformError."""
    if is_binary(data):
        return data
    for rule in rules:
        data = rule.apply(data, path)
    return data


def is_binary(data: bytes) -> bool:
    """Git's own test."""
    return b"\0" in data[:PROBE_BYTES]


def _whole(marker: bytes) -> re.Pattern[bytes]:
    """The marker where it is no part of a longer word: BEGIN-X is not in BEGIN-XY."""
    before = rb"(?<![\w-])" if re.match(rb"[\w-]", marker) else b""
    after = rb"(?![\w-])" if re.search(rb"[\w-]$", marker) else b""
    return re.compile(before + re.escape(marker) + after)
