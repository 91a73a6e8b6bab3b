# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Which paths are published, and under which name: include, exclude and move rules, the last match wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from keima_sync.globs import Glob


@dataclass(frozen=True)
class Selection:
    """`include` or `exclude` with its globs, as written on `line` of sync.toml."""

    keep: bool
    globs: tuple[Glob, ...]
    line: int

    def matches(self, path: bytes) -> bool:
        """Whether one of the globs matches."""
        return any(glob.matches(path) for glob in self.globs)

    def __str__(self) -> str:
        return f"{'include' if self.keep else 'exclude'} {', '.join(glob.text for glob in self.globs)}"


@dataclass(frozen=True)
class Move:
    """A file or folder and its public name; an empty `target` puts a folder's content at the root."""

    source: bytes
    target: bytes
    line: int

    def matches(self, path: bytes) -> bool:
        """Whether `path` is the source or lies in it."""
        return path == self.source or path.startswith(self.source + b"/")

    def __str__(self) -> str:
        return f"move {self.source.decode()} to {self.target.decode() or 'the root'}"


@dataclass(frozen=True)
class Verdict:
    """What the rules say about one path; `target` is None where it is not published. A None rule is the default."""

    target: bytes | None
    selected_by: Selection | None
    moved_by: Move | None


@dataclass(frozen=True)
class PathRules:
    """All rules in the order of the file. `unmatched` says whether a path that no rule names is published."""

    selections: tuple[Selection, ...] = ()
    moves: tuple[Move, ...] = ()
    unmatched: bool = False
    _used: set[int] = field(default_factory=set, repr=False, compare=False)

    @cached_property
    def _backwards(self) -> tuple[Selection, ...]:
        return tuple(reversed(self.selections))

    def verdict(self, path: bytes) -> Verdict:
        """What becomes of the file `path`."""
        selection = next((rule for rule in self._backwards if rule.matches(path)), None)
        move = self._move(path)
        if selection is not None:
            self._used.add(selection.line)
        if not (selection.keep if selection else self.unmatched):
            return Verdict(None, selection, None)
        if move is None:
            return Verdict(path, selection, None)
        self._used.add(move.line)
        target = (move.target + path[len(move.source) :]).removeprefix(b"/")
        return Verdict(target, selection, move)

    def _move(self, path: bytes) -> Move | None:
        return next((move for move in reversed(self.moves) if move.matches(path)), None)

    def leaves_for(self, path: bytes) -> bytes | None:
        """The new name of a file or folder that a rule names itself; None if it stays with its parent."""
        move = self._move(path)
        if move is None or move.source != path:
            return None
        self._used.add(move.line)
        return move.target

    def uniform(self, folder: bytes) -> bool | None:
        """Whether everything in `folder` is published, or nothing; None if one must look."""
        if any(move.source.startswith(folder + b"/") for move in self.moves):
            return None
        for rule in self._backwards:
            if any(glob.covers(folder) for glob in rule.globs):
                self._used.add(rule.line)
                return rule.keep
            if any(glob.may_match_in(folder) for glob in rule.globs):
                return None
        return self.unmatched

    def unused(self) -> list[Selection | Move]:
        """The rules that decided about no path so far."""
        rules: list[Selection | Move] = [*self.selections, *self.moves]
        return [rule for rule in rules if rule.line not in self._used]
