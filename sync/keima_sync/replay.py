# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Replays commits with other trees: which stay, what their parents become. Commits that show nothing are pruned.

The rules are git-filter-repo's (`--prune-empty auto --prune-degenerate auto`), so that a history filtered by the one
continues under the other: a commit that becomes empty goes; one that was empty before stays, unless its parent went; a
parent that stands for a pruned one goes where it repeats another or is another's ancestor, unless it was so before; a
merge that would become an ordinary commit goes if it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")


@dataclass
class Graph(Generic[Key]):
    """Commits added parents first; answers who is whose ancestor."""

    _parents: dict[Key, tuple[Key, ...]] = field(default_factory=dict)
    _depth: dict[Key, int] = field(default_factory=dict)

    def add(self, commit: Key, parents: Sequence[Key]) -> None:
        """Add a commit whose parents are in already."""
        self._parents[commit] = tuple(parents)
        self._depth[commit] = 1 + max((self._depth[parent] for parent in parents), default=0)

    def is_ancestor(self, old: Key, young: Key) -> bool:
        """Whether `old` is `young` or is reached from it."""
        floor = self._depth[old]
        seen: set[Key] = set()
        waiting = [young]
        while waiting:
            commit = waiting.pop()
            if commit == old:
                return True
            if commit in seen or self._depth[commit] <= floor:
                continue
            seen.add(commit)
            waiting += self._parents[commit]
        return False


@dataclass(frozen=True)
class Source:
    """An internal commit: its id, its parents' and, by id, its tree before and after filtering."""

    id: str
    parents: tuple[str, ...]
    tree: str
    public: str


@dataclass(frozen=True)
class Published:
    """A commit that an earlier replay made."""

    id: str
    parents: tuple[str, ...]
    tree: str


class Replay:
    """The state of a replay; `step` takes the commits parents first."""

    def __init__(self, empty: str, write: Callable[[Source, list[str]], str]) -> None:
        self._empty = empty  # the empty tree
        self._write = write
        self._originals: Graph[str] = Graph()
        self._made: Graph[str] = Graph()
        self._sources: dict[str, Source] = {}
        self._trees: dict[str, str] = {}  # of published commits
        self._pruned: set[str] = set()
        self.published: dict[str, str | None] = {}  # internal commit to what stands for it; None: nothing yet

    def step(self, source: Source) -> str | None:
        """Publish a commit, or prune it; returns what stands for it."""
        self._enter(source)
        parents, sole = self._trimmed(source.parents)
        if self._prunable(source, parents, sole):
            self._pruned.add(source.id)
            self.published[source.id] = sole or (parents[0] if parents else None)
        else:
            self.add_published(source, self._write(source, parents), parents)
        return self.published[source.id]

    def known(self, commit: str, parents: tuple[str, ...], tree: str, made: Published | None) -> None:
        """Take over what an earlier replay did with a commit: `made` is None where it pruned it.

        A pruned commit shows what the one shows that stands for it.
        """
        trimmed, sole = self._trimmed(parents)
        stands = made.id if made else sole or (trimmed[0] if trimmed else None)
        public = made.tree if made else self._trees[stands] if stands else self._empty
        source = Source(commit, parents, tree, public)
        self._enter(source)
        if made is not None:
            return self.add_published(source, made.id, made.parents)
        self._pruned.add(commit)
        self.published[commit] = stands
        return None

    def add_published(self, source: Source, made: str, parents: Sequence[str]) -> None:
        """Note that `made` stands for a commit."""
        if made not in self._trees:
            self._made.add(made, parents)
        self._trees[made] = source.public
        self.published[source.id] = made

    def _enter(self, source: Source) -> None:
        self._originals.add(source.id, source.parents)
        self._sources[source.id] = source

    def _trimmed(self, originals: tuple[str, ...]) -> tuple[list[str], str | None]:
        """The new parents; and, where dropping redundant ones would leave one, that one beside all of them."""
        pairs = [(new, old) for old in originals if (new := self.published[old]) is not None]
        whole = [new for new, _ in pairs]
        if len(pairs) < 2:
            return whole, None
        seen: set[str] = set()
        unique = []
        for new, old in pairs:
            if new not in seen or old not in self._pruned:
                unique.append((new, old))
            seen.add(new)
        if len(unique) > 1:
            unique = [pair for i, pair in enumerate(unique) if not self._redundant(i, unique)]
            return ([new for new, _ in unique], None) if len(unique) > 1 else (whole, unique[0][0])
        return whole, unique[0][0]

    def _redundant(self, place: int, pairs: list[tuple[str, str]]) -> bool:
        new, old = pairs[place]
        if old not in self._pruned:
            return False
        return any(
            self._made.is_ancestor(new, other) and not self._originals.is_ancestor(old, original)
            for i, (other, original) in enumerate(pairs)
            if i != place
        )

    def _prunable(self, source: Source, parents: list[str], sole: str | None) -> bool:
        if len(parents) >= 2 and sole is None:
            return False
        before = self._sources[source.parents[0]] if source.parents else None
        changes = source.public != (before.public if before else self._empty)
        if len(parents) < 2:
            had_changes = source.tree != (before.tree if before else self._empty)
            if not had_changes:
                lost = len(parents) < len(source.parents)
                return not changes and (lost or (len(source.parents) == 1 and source.parents[0] in self._pruned))
            if not changes:
                return True
        first = sole or (parents[0] if parents else None)
        return first is not None and self._trees[first] == source.public
