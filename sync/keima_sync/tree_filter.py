# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""From an internal tree to the public one, on git objects; what was seen once is never looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import pygit2
from pygit2.enums import ObjectType

from keima_sync.errors import RepositoryError, TransformError, shown
from keima_sync.git_command import parts_of_blob
from keima_sync.paths import PathRules
from keima_sync.references.blobs import content, size_of
from keima_sync.transforms import PROBE_BYTES, Block, ContentRules, Replacement, is_binary, transformed

Oid: TypeAlias = pygit2.Oid


TREE, SYMLINK, GITLINK = 0o040000, 0o120000, 0o160000


@dataclass(frozen=True)
class Item:
    """An entry of a tree."""

    mode: int
    name: bytes
    oid: Oid


@dataclass(frozen=True)
class Graft:
    """A file or folder that moves to another place."""

    target: bytes
    mode: int
    oid: Oid


@dataclass(frozen=True)
class _Kept:
    """What stays of a folder where it is (None: nothing), and what leaves it."""

    tree: Oid | None
    grafts: tuple[Graft, ...] = ()


class TreeFilter:
    """Public trees, written to `repository`, which must see the objects of the internal ones."""

    def __init__(self, repository: pygit2.Repository, paths: PathRules, contents: ContentRules) -> None:
        self._repository = repository
        self._paths = paths
        self._contents = contents
        self._folders: dict[tuple[Oid, bytes], _Kept] = {}
        self._blobs: dict[tuple[Oid, tuple[Block | Replacement, ...]], Oid | None] = {}
        self._roots: dict[_Kept, Oid] = {}
        self.empty = self._write(())
        self.dropped: set[bytes] = set()  # paths left out because a content rule failed on them

    def public(self, tree: Oid) -> Oid:
        """The public tree of a commit's tree; raises TransformError."""
        kept = self._folder(tree, b"")
        if kept not in self._roots:
            root = kept.tree or self.empty
            for graft in kept.grafts:
                root = self._grafted(root, graft.target.split(b"/") if graft.target else [], graft, graft.target)
            self._roots[kept] = root
        return self._roots[kept]

    def file(self, path: bytes, mode: int, oid: Oid) -> Oid | None:
        """The public content of a file that is published, by its internal path; None if a rule failed on it.

        Raises TransformError.
        """
        rules = () if mode in (SYMLINK, GITLINK) else self._contents.applicable(path)
        if not rules:
            return oid
        key = (oid, rules)
        if key not in self._blobs:
            self._blobs[key] = self._content(oid, rules, path)
        return self._blobs[key]

    def _folder(self, oid: Oid, prefix: bytes) -> _Kept:
        """`prefix` is the folder's internal path with a slash at its end, empty for the root."""
        key = (oid, prefix)
        if key not in self._folders:
            uniform = self._paths.uniform(prefix[:-1]) if prefix else None
            if uniform is False:
                self._folders[key] = _Kept(None)
            elif uniform and not self._contents.any_in(prefix[:-1]):
                self._folders[key] = _Kept(oid)
            else:
                self._folders[key] = self._looked_at(oid, prefix)
        return self._folders[key]

    def _looked_at(self, oid: Oid, prefix: bytes) -> _Kept:
        entries: list[Item] = []
        grafts: list[Graft] = []
        for item in self._listing(oid):
            path = prefix + item.name
            if item.mode == TREE:
                inner = self._folder(item.oid, path + b"/")
                grafts += inner.grafts
                made = inner.tree
            else:
                made = self._file(item, path)
            if made is None:
                continue
            target = self._paths.leaves_for(path)
            if target is None:
                entries.append(Item(item.mode, item.name, made))
            else:
                grafts.append(Graft(target, item.mode, made))
        return _Kept(self._write(entries) if entries else None, tuple(grafts))

    def _listing(self, oid: Oid) -> list[Item]:
        try:
            kind, raw = self._repository.read(oid)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise RepositoryError(
                f"the tree {oid} is missing or damaged", hint="git fsck shows what else is"
            ) from error
        if kind != ObjectType.TREE:
            raise RepositoryError(f"{oid} is not a tree", hint="git fsck shows what else is damaged")
        return parse_tree(raw)

    def _write(self, entries: Iterable[Item]) -> Oid:
        return self._repository.odb.write(ObjectType.TREE, tree_bytes(entries))

    def _file(self, item: Item, path: bytes) -> Oid | None:
        return self.file(path, item.mode, item.oid) if self._paths.verdict(path).target is not None else None

    def _content(self, oid: Oid, rules: tuple[Block | Replacement, ...], path: bytes) -> Oid | None:
        size = size_of(self._repository, oid)
        if size is None:
            raise RepositoryError(f"the content of {shown(path)} ({oid}) is missing", hint="fetch it: a partial clone?")
        try:
            if size > self._contents.limit:
                return self._large(oid, size, path)
            whole = content(self._repository, oid, size) or b""
            data = transformed(rules, whole, path)
        except TransformError:
            if not self._contents.drop_on_error:
                raise
            self.dropped.add(path)
            return None
        return oid if data == whole else self._repository.create_blob(data)

    def _large(self, oid: Oid, size: int, path: bytes) -> Oid:
        """A file that is not held in memory stays as it is if it is binary."""
        if is_binary(next(parts_of_blob(self._repository, str(oid), PROBE_BYTES), b"")):
            return oid
        limit = self._contents.limit
        raise TransformError(path, 0, f"{size} bytes of text, expected at most {limit} where content rules apply")

    def _grafted(self, tree: Oid, parts: list[bytes], graft: Graft, target: bytes) -> Oid:
        """`tree` with the graft put in at `parts`; folders that meet are merged."""
        if not parts:
            return self._merged(tree, graft.oid, target)
        entries = {item.name: item for item in self._listing(tree)}
        name, rest = parts[0], parts[1:]
        there = entries.get(name)
        if there is not None and (there.mode != TREE or (not rest and graft.mode != TREE)):
            raise RepositoryError(
                f"{shown(target)} is published from two places", hint="change a move, or exclude one of the two"
            )
        if rest or there is not None:
            inner = there.oid if there is not None else self.empty
            entries[name] = Item(TREE, name, self._grafted(inner, rest, graft, target))
        else:
            entries[name] = Item(graft.mode, name, graft.oid)
        return self._write(entries.values())

    def _merged(self, tree: Oid, other: Oid, target: bytes) -> Oid:
        for item in self._listing(other):
            path = target + b"/" + item.name if target else item.name
            tree = self._grafted(tree, [item.name], Graft(path, item.mode, item.oid), path)
        return tree


def parse_tree(raw: bytes) -> list[Item]:
    """The entries of a tree object; names are any bytes but NUL and slash."""
    items = []
    position = 0
    while position < len(raw):
        space = raw.index(b" ", position)
        end = raw.index(b"\0", space)
        items.append(Item(int(raw[position:space], 8), raw[space + 1 : end], pygit2.Oid(raw=raw[end + 1 : end + 21])))
        position = end + 21
    return items


def tree_bytes(entries: Iterable[Item]) -> bytes:
    """A tree object, in git's order: a folder sorts as if its name ended in a slash."""
    ordered = sorted(entries, key=lambda item: item.name + b"/" if item.mode == TREE else item.name)
    return b"".join(b"%o %s\0%s" % (item.mode, item.name, item.oid.raw) for item in ordered)
