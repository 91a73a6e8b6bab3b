# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Since which commit something is broken, and until which: faults over a history with branches and merges.

A commit that follows its parent directly costs the faults that came and went with it; a merge, or a commit that
follows another branch's, costs all the faults that it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from keima_cli.findings import Rule
from keima_sync.references.model import Reference


class Fault(NamedTuple):
    """What is broken, the same in all commits that have it: no line, since lines move."""

    rule: Rule
    path: bytes
    what: tuple[str, ...]  # kind, target and file that was cut; of broken syntax the fault


Found = Mapping[Fault, Reference | None]
"""Faults, each with one reference that has it, if any has."""


class Delta(NamedTuple):
    """The faults that one state has and the one before it had not, and the reverse."""

    came: Found
    went: frozenset[Fault]


NOTHING = Delta({}, frozenset())


class Faults:
    """The faults of a tree by file."""

    def __init__(self) -> None:
        self._by_path: dict[bytes, Found] = {}

    def replace(self, found: Mapping[bytes, Found]) -> Delta:
        """Take in what some files have now; returns what that changes."""
        came: dict[Fault, Reference | None] = {}
        went: set[Fault] = set()
        for path, now in found.items():
            before = self._by_path.pop(path, {})
            if now:
                self._by_path[path] = now
            came.update((fault, reference) for fault, reference in now.items() if fault not in before)
            went.update(fault for fault in before if fault not in now)
        return Delta(came, frozenset(went))

    def all(self) -> Found:
        """Those of all files."""
        return {fault: reference for found in self._by_path.values() for fault, reference in found.items()}


@dataclass(frozen=True)
class First:
    """Where a fault began: the commit, and the reference as it stood there."""

    commit: str
    reference: Reference | None


class Episode(NamedTuple):
    """A fault from one commit until another, or to the end."""

    fault: Fault
    first: First
    ended: str | None


@dataclass
class Timeline:
    """Takes commits parents first; `children` counts how many of those that come lead on from each.

    A fault may begin several times, one after the other or on two branches, which a merge then joins.
    """

    children: Counter[str]
    faults: dict[str, dict[Fault, int]] = field(default_factory=dict)  # of commits whose children are not all in
    began: dict[Fault, list[First]] = field(default_factory=dict)
    ended: dict[tuple[Fault, int], str] = field(default_factory=dict)
    joined: dict[tuple[Fault, int], int] = field(default_factory=dict)
    last: str = ""

    def add(self, commit: str, parents: Sequence[str], delta: Delta, whole: Callable[[], Found]) -> None:
        """Add a commit by what differs from the commit added before it; `whole` tells all that it has."""
        if list(parents) == [self.last]:
            self.faults[commit] = self._advanced(commit, delta)
        else:
            self.faults[commit] = self._joined(commit, parents, whole())
        self.last = commit
        for parent in parents:
            self.children[parent] -= 1
            if not self.children[parent]:
                self.faults.pop(parent, None)

    def _advanced(self, commit: str, delta: Delta) -> dict[Fault, int]:
        """The faults of a commit from those of its only parent, which gives its record away to its last child."""
        now = self.faults[self.last]
        if self.children[self.last] > 1:
            now = dict(now)
        for fault in delta.went:
            self.ended.setdefault((fault, now.pop(fault)), commit)
        for fault, reference in delta.came.items():
            now[fault] = self._begin(fault, commit, reference)
        return now

    def _joined(self, commit: str, parents: Sequence[str], found: Found) -> dict[Fault, int]:
        now: dict[Fault, int] = {}
        before = [self.faults[parent] for parent in parents]
        for fault, reference in found.items():
            numbers = dict.fromkeys(parent[fault] for parent in before if fault in parent)
            now[fault] = min(numbers) if numbers else self._begin(fault, commit, reference)
            self.joined.update(((fault, other), now[fault]) for other in numbers if other != now[fault])
        for parent in before:
            for fault in parent.keys() - found.keys():
                self.ended.setdefault((fault, parent[fault]), commit)
        return now

    def _begin(self, fault: Fault, commit: str, reference: Reference | None) -> int:
        beginnings = self.began.setdefault(fault, [])
        beginnings.append(First(commit, reference))
        return len(beginnings) - 1

    def found(self) -> Found:
        """The faults of the commit that was added last, with the references that they began with."""
        return {fault: self.began[fault][number].reference for fault, number in self.faults[self.last].items()}

    def episodes(self) -> Iterator[Episode]:
        """All faults that ever were, as the commit that was added last sees them."""
        for fault, firsts in self.began.items():
            for number, first in enumerate(firsts):
                yield Episode(fault, first, self._end_of(fault, number))

    def _end_of(self, fault: Fault, number: int) -> str | None:
        """The commit that ended what began so, or None if it is there at the last."""
        while (fault, number) not in self.ended and (fault, number) in self.joined:
            number = self.joined[fault, number]
        return None if self.faults[self.last].get(fault) == number else self.ended.get((fault, number))
