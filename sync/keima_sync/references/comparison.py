# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The references of a public tree, kept resolved in it and in the internal tree while both change.

What a change may touch is found by an index: a reference is asked again only if a path came or went that it could
lead to. So one commit costs what it changes, and not what the trees hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from keima_sync.references.languages import Extractions
from keima_sync.references.model import Kind, Reference
from keima_sync.references.resolve import likeliest, lookup, places
from keima_sync.references.tree import GITLINK, SYMLINK, Entry, Tree, folder_of, last_two

_PACKAGE = b"/__init__.py"  # whether a folder has one says whether absolute imports start in it


class Query(NamedTuple):
    """What a reference asks of the trees: the same for all files of a folder that write it so."""

    kind: Kind
    candidates: tuple[bytes, ...]
    suffixes: tuple[bytes, ...]
    folder: bytes  # of the referrer, in the public tree
    origin: bytes  # the folder that the referrer has in the internal tree


class Lost(NamedTuple):
    """The file that a reference found in the internal tree, and what it finds in the public one, if anything."""

    before: bytes
    after: bytes | None


@dataclass(frozen=True)
class Change:
    """What differs from one pair of trees to the next: entries by path, None for what went.

    `origins` are the internal paths of public ones where these changed; a path without one is its own origin.
    """

    internal: Mapping[bytes, Entry | None]
    public: Mapping[bytes, Entry | None]
    origins: Mapping[bytes, bytes | None] = field(default_factory=dict)


class Comparison:
    """Which references resolve in the internal tree and not, or to another file, in the public one."""

    def __init__(self, internal: Tree, public: Tree, extractions: Extractions) -> None:
        """Both trees are taken over, empty or filled, and changed by `change` alone from then on."""
        self._internal, self._public, self._extractions = internal, public, extractions
        self._origins: dict[bytes, bytes] = {}
        self._uses: dict[bytes, tuple[tuple[Reference, Query], ...]] = {}
        self._users: defaultdict[Query, set[bytes]] = defaultdict(set)
        self._index: defaultdict[bytes, set[Query]] = defaultdict(set)
        self._behind_links: set[Query] = set()
        self._lost: dict[Query, Lost] = {}

    def begin(self, origins: Mapping[bytes, bytes]) -> None:
        """Read all references of the trees as they are."""
        self._origins = dict(origins)
        for path in self._public.files:
            self._enter(path)
        self._ask(list(self._users))

    def change(self, change: Change) -> None:
        """Take in what differs now."""
        touched: set[bytes] = set(change.origins)
        links = _apply(self._internal, change.internal, touched)
        links |= _apply(self._public, change.public, touched)
        for path, origin in change.origins.items():
            self._origins.pop(path, None)
            if origin is not None:
                self._origins[path] = origin
        fresh: set[Query] = set()
        for path in {**change.public, **change.origins}:
            self._leave(path)
            if path in self._public.files:
                fresh |= self._enter(path)
        self._ask(self._users if links else fresh | self._behind_links | self._touched(touched))

    def lost(self) -> Iterator[tuple[bytes, Reference, Lost]]:
        """Yield referrer, reference and what it lost, by path and line."""
        for path in sorted(set().union(*(self._users[query] for query in self._lost))):
            for reference, query in self._uses[path]:
                if query in self._lost:
                    yield path, reference, self._lost[query]

    def _enter(self, path: bytes) -> set[Query]:
        """Note what a file of the public tree asks; returns what nobody has asked before."""
        folder, origin = folder_of(path), folder_of(self._origin(path))
        found = self._extractions.of(self._public, path).references
        uses = tuple(
            (reference, Query(reference.kind, reference.candidates, reference.suffixes, folder, origin))
            for reference in found
            if not reference.unknown
        )
        if uses:
            self._uses[path] = uses
        fresh = {query for _, query in uses if query not in self._users}
        for _, query in uses:
            self._users[query].add(path)
        for query in fresh:
            for key in _keys(query):
                self._index[key].add(query)
        return fresh

    def _leave(self, path: bytes) -> None:
        for _, query in self._uses.pop(path, ()):
            users = self._users.get(query)
            if users is None:
                continue  # the file said the same twice
            users.discard(path)
            if not users:
                self._forget(query)

    def _forget(self, query: Query) -> None:
        del self._users[query]
        self._lost.pop(query, None)
        self._behind_links.discard(query)
        for key in _keys(query):
            asking = self._index[key]
            asking.discard(query)
            if not asking:
                del self._index[key]

    def _touched(self, paths: Iterable[bytes]) -> set[Query]:
        """Queries that may find one of the paths."""
        found: set[Query] = set()
        for path in paths:
            for key in (path, last_two(path), path.rpartition(b"/")[2]):
                found.update(self._index.get(key, ()))
            if path.endswith(_PACKAGE):
                found |= self._importers_below(path[: -len(_PACKAGE) + 1])
        return found

    def _importers_below(self, folder: bytes) -> set[Query]:
        inside = {path for tree in (self._internal, self._public) for path in tree.files if path.startswith(folder)}
        inside |= {folder_of(path) for path in inside}
        found: set[Query] = set()
        for path in inside:
            for key in (last_two(path), path.rpartition(b"/")[2]):
                found.update(query for query in self._index.get(key, ()) if query.kind is Kind.IMPORT)
        return found

    def _ask(self, queries: Iterable[Query]) -> None:
        for query in queries:
            if query not in self._users:
                continue
            behind = self._is_behind_link(query)
            lost = self._answer(query, behind_link=behind)
            if lost is None:
                self._lost.pop(query, None)
            else:
                self._lost[query] = lost
            if behind:
                self._behind_links.add(query)
            else:
                self._behind_links.discard(query)

    def _answer(self, query: Query, *, behind_link: bool) -> Lost | None:
        kind, candidates, suffixes, folder, origin = query
        before = likeliest(kind, candidates, suffixes, origin, self._internal)
        if before is None or (not behind_link and self._stays(query, before)):
            return None
        after = lookup(kind, candidates, suffixes, folder, self._public)
        if not after:
            return Lost(before, None)
        return None if before in map(self._origin, after) else Lost(before, after[0])

    def _stays(self, query: Query, found: bytes) -> bool:
        """Whether the public tree has what was found where it was, for a referrer that is where it was.

        A package that moves may end what began an import, so imports are asked again where anything moves.
        """
        unmoved = query.folder == query.origin and (not self._origins or query.kind is not Kind.IMPORT)
        return unmoved and self._public.has(found) and self._origin(found) == found

    def _origin(self, path: bytes) -> bytes:
        return self._origins.get(path, path)

    def _is_behind_link(self, query: Query) -> bool:
        return any(
            tree.passes_symlink(path)
            for tree, folder in ((self._internal, query.origin), (self._public, query.folder))
            if tree.has_symlinks
            for candidate in query.candidates
            for path in places(candidate, folder)
        )


def compared(internal: Tree, public: Tree, extractions: Extractions, origin: Callable[[bytes], bytes]) -> Comparison:
    """The comparison of two whole trees."""
    made = Comparison(internal, public, extractions)
    made.begin({path: name for path in public.files if (name := origin(path)) != path})
    return made


def _apply(tree: Tree, entries: Mapping[bytes, Entry | None], touched: set[bytes]) -> bool:
    """Change a tree; adds the paths that came or went to `touched`, and says whether links did."""
    links = False
    for path, entry in sorted(entries.items(), key=lambda pair: pair[1] is not None):  # a file may become a folder
        old = tree.files.get(path)
        links |= _changes_links(old, entry)
        if entry is not None:
            touched.update(tree.add(path, entry))
        elif old is not None:
            touched.update(tree.remove(path))
    return links


def _changes_links(old: Entry | None, new: Entry | None) -> bool:
    """A submodule counts when it comes or goes: another commit of it changes nothing here."""
    modes = {None if entry is None else entry.mode for entry in (old, new)}
    return SYMLINK in modes or (GITLINK in modes and len(modes) > 1)


def _keys(query: Query) -> Iterator[bytes]:
    """Where the index has a query: whole paths of candidates, the last two names of suffixes."""
    for folder in {query.folder, query.origin}:
        for candidate in query.candidates:
            yield from places(candidate, folder)
    for suffix in query.suffixes:
        yield last_two(suffix)
