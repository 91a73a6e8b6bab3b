# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The import: outside commits on the public branch become internal commits; what was stripped is put back.

Each outside commit, merges too, is replayed on to what stands for its parents (for the newest public commit the
origin's tip): public paths get their internal names, contents are merged three ways (the public file before and after,
and the internal one), and the result must export to the outside tree exactly, or it is refused with a reason. The new
commits go to a branch of their own; the next export then takes the outside commits as they are.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from keima_cli.locks import hold
from keima_sync.config import Config
from keima_sync.errors import ImportRefusedError, RepositoryError, shown
from keima_sync.export import Standing, commit_of, history, open_side, standing
from keima_sync.metadata import PUBLIC_TRAILER, named_by, with_trailer
from keima_sync.tree_filter import GITLINK, SYMLINK, TREE, Item, Oid, TreeFilter, parse_tree, tree_bytes


@dataclass(frozen=True)
class Imported:
    """What an import made: the branch, and the internal commit of each outside one."""

    branch: str
    made: dict[str, str]


@dataclass(frozen=True)
class Change:
    """A file that differs between two public trees; None: it is not there."""

    path: bytes
    before: Item | None
    after: Item | None


def import_outside(config: Config, branch: str) -> Imported:
    """Import all outside commits of the public branch to a new branch of the origin.

    Raises ImportRefusedError, having changed nothing.
    """
    origin = open_side(config.origin, "origin")
    with hold(Path(origin.path) / "keima-sync.lock", "keima sync import"):
        state = standing(config)
        if origin.references.get(f"refs/heads/{branch}") is not None:
            raise RepositoryError(f"the origin has a branch {branch} already", hint="merge it, or name another")
        destination = open_side(config.destination, "destination")
        homes = Homes(origin, destination, state)
        importer = Importer(config, origin, destination, homes)
        for oid in state.foreign:
            importer.one(oid)
        if homes.made:
            origin.references.create(f"refs/heads/{branch}", homes.made[state.foreign[-1]])
    return Imported(branch, homes.made)


class Homes:
    """Which internal commit stands for a public one, and on which of the origin's own commits it rests."""

    def __init__(self, origin: pygit2.Repository, destination: pygit2.Repository, state: Standing) -> None:
        self._origin = origin
        self.made: dict[str, str] = {}
        self._rests: dict[str, str] = {}
        self._known = {public: internal for internal, public in state.known.items()}
        for oid in history(origin, [pygit2.Oid(hex=state.origin_tip)]) if state.imported else ():
            outside = named_by(commit_of(origin, oid).raw_message, PUBLIC_TRAILER)
            if outside is not None:
                self._known[outside] = oid
        within = set(self._known)
        for public in self._known:
            within -= {str(parent) for parent in commit_of(destination, public).parent_ids}
        if len(within) == 1:  # what the origin's newest commit shows, be it a later one that shows nothing new
            self._known[within.pop()] = state.origin_tip

    def of(self, public: str) -> str:
        """The internal commit; raises ImportRefusedError."""
        home = self.made.get(public) or self._known.get(public)
        if home is None:
            raise ImportRefusedError(public, "no internal commit stands for it", hint="was the public branch grafted?")
        return home

    def add(self, public: str, home: str, trunk: str) -> None:
        """Note the commit that was made for an outside one, on the tree of its parent `trunk`."""
        self.made[public] = home
        self._rests[home] = self._rests.get(trunk, trunk)

    def trunk(self, oid: str, parents: list[str]) -> int:
        """The place of the parent whose internal tree is the newest: what is internal alone is taken from there."""
        rests = [self._rests.get(home, home) for home in parents]
        for place, mine in enumerate(rests):
            if all(mine == other or self._origin.descendant_of(mine, other) for other in rests):
                return place
        raise ImportRefusedError(oid, "it merges lines that rest on internal commits of two lines")


class Importer:
    """Makes internal commits of outside ones; `trailer`: their messages name the public commit."""

    def __init__(
        self,
        config: Config,
        origin: pygit2.Repository,
        destination: pygit2.Repository,
        homes: Homes,
        *,
        trailer: bool = True,
    ) -> None:
        self._config = config
        self._origin = origin
        self._destination = destination
        self._homes = homes
        self._trailer = trailer
        self._filter = TreeFilter(origin, config.paths, config.contents)

    def one(self, oid: str) -> None:
        """Make the internal commit of an outside one, whose parents have theirs."""
        outside = commit_of(self._destination, oid)
        if not outside.parent_ids:
            raise ImportRefusedError(oid, "it is a root", hint="rebase it on to the public branch")
        homes = [self._homes.of(str(parent)) for parent in outside.parent_ids]
        place = self._homes.trunk(oid, homes)
        before = commit_of(self._destination, str(outside.parent_ids[place])).tree_id
        internal = commit_of(self._origin, homes[place]).tree_id
        if self._filter.public(internal) != before:
            raise ImportRefusedError(
                oid, "the origin's tip does not export to its parent", hint="export what is new in the origin first"
            )
        tree = internal
        names = dict(self._names(internal, b""))
        for change in _changes(self._destination, before, outside.tree_id, b""):
            tree = self._applied(oid, tree, change, names)
        if self._filter.public(tree) != outside.tree_id:
            raise ImportRefusedError(oid, "exported again it would not be the outside commit", hint="import it by hand")
        self._homes.add(oid, self._write(outside, tree, homes), homes[place])

    def _names(self, tree: Oid, prefix: bytes) -> Iterator[tuple[bytes, tuple[bytes, Item]]]:
        """Public name to internal path and entry, of all that is published."""
        for item in parse_tree(self._origin.read(tree)[1]):
            path = prefix + item.name
            if item.mode == TREE:
                yield from self._names(item.oid, path + b"/")
            elif (target := self._config.paths.verdict(path).target) is not None:
                yield target, (path, item)

    def _applied(self, oid: str, tree: Oid, change: Change, names: dict[bytes, tuple[bytes, Item]]) -> Oid:
        known = names.get(change.path)
        if known is None:
            return _put(self._origin, tree, self._place(oid, change.path).split(b"/"), self._adopted(change.after))
        path, item = known
        if change.before is None or item.oid == change.before.oid:
            return _put(self._origin, tree, path.split(b"/"), self._adopted(change.after))
        if change.after is None:
            raise ImportRefusedError(oid, f"it deletes {shown(path)}, of which internal parts remain")
        merged = self._merged(oid, path, item, change.before, change.after)
        return _put(self._origin, tree, path.split(b"/"), Item(change.after.mode, item.name, merged))

    def _adopted(self, item: Item | None) -> Item | None:
        """An outside file, its content being the origin's too."""
        if item is not None and item.mode != GITLINK:
            self._origin.create_blob(self._blob(self._destination, item))
        return item

    def _place(self, oid: str, public: bytes) -> bytes:
        """The internal path of a new public one."""
        candidates = [public]
        for move in self._config.paths.moves:
            if not move.target or public == move.target or public.startswith(move.target + b"/"):
                rest = public[len(move.target) :].lstrip(b"/")
                candidates.append(move.source + b"/" + rest if rest else move.source)
        for path in reversed(candidates):
            if self._config.paths.verdict(path).target == public:
                return path
        raise ImportRefusedError(oid, f"no internal path is published as {shown(public)}", hint="the rules exclude it")

    def _merged(self, oid: str, path: bytes, ours: Item, base: Item, theirs: Item) -> Oid:
        if {ours.mode, base.mode, theirs.mode} & {SYMLINK, GITLINK}:
            raise ImportRefusedError(oid, f"{shown(path)} is a symlink or submodule that content rules change")
        texts = [
            self._blob(repository, item)
            for repository, item in ((self._origin, ours), (self._destination, base), (self._destination, theirs))
        ]
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("internal", "before", "after")]
            for file, text in zip(files, texts, strict=True):
                file.write_bytes(text)
            command = ["git", "merge-file", "-p", "-q", *map(str, files)]
            done = subprocess.run(command, capture_output=True, cwd=folder, check=False)
        if done.returncode:
            raise ImportRefusedError(oid, f"its change to {shown(path)} meets a part that was stripped or replaced")
        return self._origin.create_blob(done.stdout)

    @staticmethod
    def _blob(repository: pygit2.Repository, item: Item) -> bytes:
        return bytes(repository.read(item.oid)[1])

    def _write(self, outside: pygit2.Commit, tree: Oid, parents: list[str]) -> str:
        head, _, message = outside.read_raw().partition(b"\n\n")
        kept = [line for line in head.split(b"\n") if line.startswith((b"author ", b"committer ", b"encoding "))]
        lines = [b"tree " + str(tree).encode(), *(b"parent " + parent.encode() for parent in parents), *kept]
        body = with_trailer(message, PUBLIC_TRAILER, str(outside.id)) if self._trailer else message
        return str(self._origin.odb.write(ObjectType.COMMIT, b"\n".join(lines) + b"\n\n" + body))


def _changes(repository: pygit2.Repository, before: Oid | None, after: Oid | None, prefix: bytes) -> Iterator[Change]:
    """Files that differ; deletions come first, so that a file may become a folder."""
    old = {item.name: item for item in parse_tree(repository.read(before)[1])} if before else {}
    new = {item.name: item for item in parse_tree(repository.read(after)[1])} if after else {}
    names = sorted({*old, *new}, key=lambda name: (name in new, name))
    for name in names:
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        inner = (was.oid if was and was.mode == TREE else None, now.oid if now and now.mode == TREE else None)
        file_was, file_now = (item if item and item.mode != TREE else None for item in (was, now))
        if file_was and not file_now:
            yield Change(prefix + name, file_was, None)
        if any(inner):
            yield from _changes(repository, *inner, prefix + name + b"/")
        if file_now:
            yield Change(prefix + name, file_was, file_now)


def _put(repository: pygit2.Repository, tree: Oid | None, parts: list[bytes], entry: Item | None) -> Oid:
    """`tree` with a file put in, replaced or, for None, taken out; folders that become empty go."""
    items = {item.name: item for item in parse_tree(repository.read(tree)[1])} if tree else {}
    name, rest = parts[0], parts[1:]
    if rest:
        there = items.get(name)
        inner = _put(repository, there.oid if there and there.mode == TREE else None, rest, entry)
        if repository.read(inner)[1]:
            items[name] = Item(TREE, name, inner)
        else:
            items.pop(name, None)
    elif entry is None:
        items.pop(name, None)
    else:
        items[name] = Item(entry.mode, name, entry.oid)
    return repository.odb.write(ObjectType.TREE, tree_bytes(items.values()))
