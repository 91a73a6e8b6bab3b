# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The references of a tree's files, kept answered while trees change.

What a change may touch is found by an index: a reference is asked again only if a path came or went that it could
lead to. So one commit costs what it changes, and not what the trees hold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from keima_sync.references.encoding import needle
from keima_sync.references.languages import Extractions
from keima_sync.references.model import Kind, Reference
from keima_sync.references.resolve import places
from keima_sync.references.tree import GITLINK, SYMLINK, Entry, Tree, folder_of, last_two

_PACKAGE = b"/__init__.py"  # whether a folder has one says whether absolute imports start in it

_MANY = 2000  # paths that come or go at once, from which on asking everything again is no slower than looking
_FEW = 100  # names that are sought in the text of files' references; for more, the references are read


class Query(NamedTuple):
    """What a reference asks of the trees: the same for all files of a folder that write it so."""

    imports: bool
    candidates: tuple[bytes, ...]
    suffixes: tuple[bytes, ...]
    folder: bytes  # of the referrer
    origin: bytes  # the folder that the referrer has in the internal tree


class Lost(NamedTuple):
    """The file that a reference should find, as it is written or as the internal tree has it, and what it finds."""

    before: bytes
    after: bytes | None


@dataclass(frozen=True)
class Change:
    """What differs from one state of the trees to the next: entries by path, None for what went.

    `origins` are the internal paths of public ones where these changed; a path without one is its own origin.
    """

    internal: Mapping[bytes, Entry | None]
    public: Mapping[bytes, Entry | None]
    origins: Mapping[bytes, bytes | None] = field(default_factory=dict)


class Followed(ABC):
    """References of the files of `tree`; a subclass says which of them count, and what each has lost."""

    def __init__(self, tree: Tree, others: tuple[Tree, ...], extractions: Extractions) -> None:
        """The trees are taken over, empty or filled, and changed from here alone from then on."""
        self._tree, self._trees, self._extractions = tree, (*others, tree), extractions
        self._origins: dict[bytes, bytes] = {}
        self._uses: dict[bytes, tuple[tuple[Reference, Query], ...]] = {}
        self._users: dict[Query, set[bytes]] = {}
        self._index: defaultdict[bytes, set[Query]] = defaultdict(set)
        self._behind_links: set[Query] = set()
        self._lost: dict[Query, Lost] = {}
        self._unasked: set[Query] = set()
        self._unread: set[bytes] = set()  # files whose references nobody has needed yet

    @abstractmethod
    def _answer(self, query: Query, *, behind_link: bool) -> Lost | None:
        """What a reference has lost, if anything."""

    def _counts(self, reference: Reference) -> bool:
        return not reference.unknown

    def begin(self, origins: Mapping[bytes, bytes], *, lazily: bool = False) -> None:
        """Take the trees as they are; `lazily`: references are read when something may have become of them."""
        self._origins = dict(origins)
        if lazily:
            self._unread = set(self._tree.files)
            return
        for path in self._tree.files:
            self._read(path)
        self._ask(self._users)

    def _follow(self, paths: Iterable[bytes], touched: set[bytes], *, links: bool) -> set[bytes]:
        """Take in files that changed and paths that came or went; returns the files whose losses may differ now."""
        fresh: set[Query] = set()
        changed = set(paths)
        everything = links or len(touched) > _MANY
        self._unread -= changed
        self._load(list(self._unread) if everything else self._askers(touched))
        for path in changed:
            fresh |= self._read(path)
        return changed | self._ask(self._users if everything else fresh | self._behind_links | self._touched(touched))

    def lost_by(self, path: bytes) -> Iterator[tuple[Reference, Lost]]:
        """What the references of a file have lost."""
        if path in self._unread:
            self._load([path])
        if self._unasked:
            self._ask([query for _, query in self._uses.get(path, ()) if query in self._unasked])
        for reference, query in self._uses.get(path, ()):
            if query in self._lost:
                yield reference, self._lost[query]

    def lost(self, paths: Iterable[bytes] | None = None) -> Iterator[tuple[bytes, Reference, Lost]]:
        """Yield referrer, reference and what it lost, by path and line: of some files, or of all."""
        if paths is None:
            self._load(list(self._unread))
            self._ask(list(self._unasked))
            paths = set().union(*(self._users[query] for query in self._lost))
        for path in sorted(paths):
            for reference, lost in self.lost_by(path):
                yield path, reference, lost

    def _load(self, paths: Iterable[bytes]) -> None:
        """Read references that nobody has needed so far; they are resolved when somebody asks."""
        for path in paths:
            fresh = self._read(path)
            self._unasked |= fresh
            self._behind_links.update(query for query in fresh if self._is_behind_link(query))

    def _askers(self, touched: set[bytes]) -> list[bytes]:
        """The files, of those not read yet, that may ask for one of the paths or for what lies behind a symlink.

        What leads to a path has its last name in its text, and absolute imports, which a new package concerns, have
        `__init__.py`; or else it leads to a folder that holds the referrer, which is there as long as the referrer is.
        """
        if not self._unread or not touched:
            return []
        links = {link for tree in self._trees for link in tree.symlinks}
        names = {path.rpartition(b"/")[2] for path in touched | links}
        if len(names) > _FEW:
            return list(self._unread)
        needles = [needle(name) for name in names]
        return [path for path in self._unread if self._extractions.may_mention(self._tree, path, needles)]

    def _read(self, path: bytes) -> set[Query]:
        """Note what a file asks now, and what it asks no more; returns what nobody has asked before."""
        self._unread.discard(path)
        before = {query for _, query in self._uses.pop(path, ())}
        uses = self._asked_by(path) if path in self._tree.files else ()
        if uses:
            self._uses[path] = uses
        now = {query for _, query in uses}
        for query in before - now:
            self._leave(path, query)
        return {query for query in now - before if self._enter(path, query)}

    def _asked_by(self, path: bytes) -> tuple[tuple[Reference, Query], ...]:
        folder, origin = folder_of(path), folder_of(self._origin(path))
        return tuple(
            (
                reference,
                Query(reference.kind is Kind.IMPORT, reference.candidates, reference.suffixes, folder, origin),
            )
            for reference in self._extractions.of(self._tree, path).references
            if self._counts(reference)
        )

    def _enter(self, path: bytes, query: Query) -> bool:
        users = self._users.get(query)
        if users is not None:
            users.add(path)
            return False
        self._users[query] = {path}
        for key in _keys(query):
            self._index[key].add(query)
        return True

    def _leave(self, path: bytes, query: Query) -> None:
        users = self._users[query]
        users.discard(path)
        if users:
            return
        del self._users[query]
        self._unasked.discard(query)
        self._lost.pop(query, None)
        self._behind_links.discard(query)
        for key in _keys(query):
            asking = self._index.get(key, set())
            asking.discard(query)
            if not asking:
                self._index.pop(key, None)

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
        inside = {path for tree in self._trees for path in tree.files if path.startswith(folder)}
        inside |= {folder_of(path) for path in inside}
        keys = {key for path in inside for key in (last_two(path), path.rpartition(b"/")[2])}
        return {query for key in keys for query in self._index.get(key, ()) if query.imports}

    def _ask(self, queries: Iterable[Query]) -> set[bytes]:
        """Answer them again; returns the files that lost something else before."""
        changed: set[bytes] = set()
        for query in queries:
            users = self._users.get(query)
            if users is None:
                continue
            behind = self._is_behind_link(query)
            lost = self._answer(query, behind_link=behind)
            if lost != self._lost.get(query) or query in self._unasked:
                changed |= users
            self._unasked.discard(query)
            if lost is None:
                self._lost.pop(query, None)
            else:
                self._lost[query] = lost
            if behind:
                self._behind_links.add(query)
            else:
                self._behind_links.discard(query)
        return changed

    def _origin(self, path: bytes) -> bytes:
        return self._origins.get(path, path)

    def _is_behind_link(self, query: Query) -> bool:
        return any(
            tree.passes_symlink(path)
            for tree in self._trees
            if tree.symlinks
            for candidate in query.candidates
            for path in places(candidate, query.folder if tree is self._tree else query.origin)
        )


def applied(tree: Tree, entries: Mapping[bytes, Entry | None], touched: set[bytes]) -> bool:
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
