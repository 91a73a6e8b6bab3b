# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Suspicions about symbols at one commit, from those at the one before it; the likely ones alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from weakref import WeakValueDictionary

import pygit2

from keima_sync.references.following import Change, applied
from keima_sync.references.model import Reference, text
from keima_sync.references.symbols import LOST, Names, family_of, is_telling, names
from keima_sync.references.timeline import Fault
from keima_sync.references.tree import Tree, blob_reader
from keima_sync.watching import Watch

_Symbol = tuple[str, bytes]  # family of languages, name
_NOTHING = Names()


class SymbolWatch(Watch):
    """Names whose only definitions were cut, and the published files that use them still."""

    def __init__(self, repository: pygit2.Repository) -> None:
        super().__init__()
        read = blob_reader(repository)
        self._internal, self._public = Tree(read), Tree(read)
        self._origins: dict[bytes, bytes] = {}
        self._published: set[bytes] = set()  # internal paths
        self._cut: dict[bytes, Names] = {}
        self._left: dict[bytes, Names] = {}
        self._homes: defaultdict[_Symbol, int] = defaultdict(int)  # cut files that define a name
        self._sure: defaultdict[_Symbol, int] = defaultdict(int)
        self._known: Counter[_Symbol] = Counter()  # published files that do
        self._lost: defaultdict[str, set[bytes]] = defaultdict(set)
        self._by_blob: WeakValueDictionary[tuple[str, str], Names] = WeakValueDictionary()

    def change(self, change: Change) -> set[bytes]:
        applied(self._internal, change.internal, set())
        applied(self._public, change.public, set())
        for path, origin in change.origins.items():
            self._published.discard(self._origins.pop(path, path))
            if origin is not None:
                self._origins[path] = origin
        for path in change.public:
            origin = self._origins.get(path, path)
            (self._published.add if path in self._public.files else self._published.discard)(origin)
        asked = self._read_public(change) | self._read_cut(change)
        return {*change.public, *self._users(self._flipped(asked))}

    def _read_public(self, change: Change) -> set[_Symbol]:
        """Take in what published files define now; returns the names whose definitions came or went."""
        changed: set[_Symbol] = set()
        for path in change.public:
            before = self._left.pop(path, _NOTHING)
            after = self._names(self._public, path) if path in self._public.files else _NOTHING
            if after is not _NOTHING:
                self._left[path] = after
            changed |= self._count(self._known, path, before.all_defined, after.all_defined)
        return changed

    def _read_cut(self, change: Change) -> set[_Symbol]:
        changed: set[_Symbol] = set()
        for path in change.internal:
            cut = path in self._internal.files and path not in self._published
            before, after = self._cut.pop(path, _NOTHING), self._names(self._internal, path) if cut else _NOTHING
            if after is not _NOTHING:
                self._cut[path] = after
            changed |= self._count(self._sure, path, before.sure, after.sure)
            changed |= self._count(self._homes, path, before.all_defined, after.all_defined)
        return changed

    @staticmethod
    def _count(
        counted: dict[_Symbol, int], path: bytes, before: frozenset[bytes], after: frozenset[bytes]
    ) -> set[_Symbol]:
        family = family_of(path)
        for differing, step in ((before - after, -1), (after - before, 1)):
            for name in differing:
                counted[family, name] += step
        return {(family, name) for name in before ^ after}

    def _names(self, tree: Tree, path: bytes) -> Names:
        key = (tree.files[path].blob, family_of(path))
        found = self._by_blob.get(key)
        if found is None:
            found = names(tree, path)
            self._by_blob[key] = found
        return found

    def _flipped(self, asked: set[_Symbol]) -> set[_Symbol]:
        """Of the names, those that are lost now and were not, or the reverse."""
        flipped = set()
        for family, name in asked:
            lost = self._homes[family, name] > 0 and not self._known[family, name]
            lost = lost and is_telling(name, sure=self._sure[family, name] > 0)
            if lost != (name in self._lost[family]):
                (self._lost[family].add if lost else self._lost[family].discard)(name)
                flipped.add((family, name))
        return flipped

    def _users(self, symbols: set[_Symbol]) -> Iterator[bytes]:
        by_family: defaultdict[str, set[bytes]] = defaultdict(set)
        for family, name in symbols:
            by_family[family].add(name)
        for path, found in self._left.items() if symbols else ():
            if not found.used.isdisjoint(by_family[family_of(path)]):
                yield path

    def _of(self, path: bytes) -> Iterator[tuple[Fault, Reference | None]]:
        for name in self._left.get(path, _NOTHING).used & self._lost[family_of(path)]:
            yield Fault(LOST, path, (f"{text(name)} is defined in nothing but what was cut",)), None
