# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Trees of files by path, from a folder or from a commit, without a checkout."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from keima_cli.errors import BrokenInputError, WrongUseError
from keima_sync.references.blobs import content

GITLINK = 0o160000
SYMLINK = 0o120000
MAX_BYTES = 8 << 20
"""Larger files are data, not source: they are listed and not read."""
_FOLDER = b"40000"
_EMPTY = bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904")  # git knows it without an object
_LISTED = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_ABSENT = (b"", b"")
_MAX_HOPS = 40  # of symlinks, as Linux allows


@dataclass(frozen=True)
class Entry:
    """A file of a tree: git's mode, and the id of its content."""

    mode: int
    blob: str


class Tree:
    """Files by path (bytes, forward slashes), with the folders that they make up; symlinks are followed inside it."""

    def __init__(self, read: Callable[[bytes, Entry], bytes | None]) -> None:
        self.files: dict[bytes, Entry] = {}
        self._read = read
        self._folders: Counter[bytes] = Counter()  # how many files and folders lie right in each
        self._by_end: defaultdict[bytes, set[bytes]] = defaultdict(set)  # by one name, and by two
        self._links: dict[bytes, Entry] = {}
        self._symlinks: set[bytes] = set()

    def add(self, path: bytes, entry: Entry) -> list[bytes]:
        """Put a file in, or replace it; returns the paths that exist now and did not before."""
        if path in self.files:
            self._links.pop(path, None)
            new = []
        else:
            new = [path, *self._count_folders(path)]
            for way in new:
                for end in _ends(way):
                    self._by_end[end].add(way)
        self.files[path] = entry
        if entry.mode in (GITLINK, SYMLINK):
            self._links[path] = entry
        if entry.mode == SYMLINK:
            self._symlinks.add(path)
        else:
            self._symlinks.discard(path)
        return new

    def _count_folders(self, path: bytes) -> Iterator[bytes]:
        """Count it in its folder, and what that makes new in the folders above; yields the folders that are new."""
        for folder in ancestors(path):
            self._folders[folder] += 1
            if self._folders[folder] > 1:
                return
            if folder:
                yield folder

    def remove(self, path: bytes) -> list[bytes]:
        """Take a file out, and folders that are empty then; returns the paths that exist no more."""
        del self.files[path]
        self._links.pop(path, None)
        self._symlinks.discard(path)
        gone = [path]
        for folder in ancestors(path):
            self._folders[folder] -= 1
            if self._folders[folder]:
                break
            del self._folders[folder]
            gone.append(folder)
        for way in gone:
            for end in _ends(way):
                self._by_end[end].discard(way)
                if not self._by_end[end]:
                    del self._by_end[end]
        return gone

    @property
    def symlinks(self) -> Set[bytes]:
        """The paths that lead to others."""
        return self._symlinks

    def passes_symlink(self, path: bytes) -> bool:
        """Whether it is a symlink, or lies behind one."""
        return any(path.startswith(link) and path[len(link) : len(link) + 1] in (b"", b"/") for link in self._symlinks)

    def read(self, path: bytes) -> bytes | None:
        """The content of a file, of a symlink its target; None if it is larger than MAX_BYTES, or is not there."""
        return self._read(path, self.files[path])

    def has(self, path: bytes) -> bool:
        """Whether it is a file or a folder here, as the path is written."""
        return path in self.files or path in self._folders

    def find(self, path: bytes) -> bytes | None:
        """The path, or what symlinks make of it, if it exists; what lies in a submodule counts as existing."""
        for _ in range(_MAX_HOPS):
            entry = self.files.get(path)
            if self.has(path) and (entry is None or entry.mode != SYMLINK):
                return path
            link = self._link_on(path)
            if link is None:
                return None
            if self._links[link].mode == GITLINK:
                return link
            target = join(folder_of(link), self.read(link) or b"/")
            if target is None:
                return link  # leaves the tree: reported by the symlink itself, not by those who go through it
            rest = path[len(link) :].lstrip(b"/")
            path = b"/".join(part for part in (target, rest) if part)
        return None

    def _link_on(self, path: bytes) -> bytes | None:
        """The symlink or submodule that a path, which is no other file here, is or leads through."""
        if not self._links or (path not in self._links and folder_of(path) in self._folders):
            return None  # most that is asked for is missing from a folder that is there
        return next((way for way in (path, *ancestors(path)) if way in self._links), None)

    def is_folder(self, path: bytes) -> bool:
        """Whether files of this tree lie below it; a submodule is none."""
        return path in self._folders

    def named(self, name: bytes) -> set[bytes]:
        """All files and folders whose last component is `name`."""
        return self._by_end.get(name, set())

    def ending(self, suffix: bytes) -> list[bytes]:
        """All files and folders whose last components are those of `suffix`."""
        near = self._by_end.get(last_two(suffix))
        return [path for path in near if path == suffix or path.endswith(b"/" + suffix)] if near else []


def last_two(path: bytes) -> bytes:
    """The last two components, or the only one."""
    folder, slash, name = path.rpartition(b"/")
    return folder.rpartition(b"/")[2] + slash + name


def _ends(path: bytes) -> set[bytes]:
    return {_name(path), last_two(path)}


def ancestors(path: bytes) -> Iterator[bytes]:
    """The folders above a path, the nearest first, the root (empty) last."""
    while path:
        path = folder_of(path)
        yield path


def folder_of(path: bytes) -> bytes:
    """The folder that holds it; empty for the root."""
    return path.rpartition(b"/")[0]


def _name(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def join(folder: bytes, relative: bytes) -> bytes | None:
    """The path from the root of `relative` as seen from `folder`, or None if it leaves the tree."""
    if relative.startswith(b"/"):
        return None
    if b"./" not in relative and b"//" not in relative and not relative.endswith((b".", b"/")) and relative:
        return folder + b"/" + relative if folder else relative  # as nearly all are written
    parts = [part for part in folder.split(b"/") if part]
    for part in relative.split(b"/"):
        if part == b"..":
            if not parts:
                return None
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def open_tree(spec: str) -> Tree:
    """Open `DIR`, or `REPOSITORY@REVISION`; raises WrongUseError or BrokenInputError."""
    if Path(spec).is_dir():
        return from_folder(Path(spec))
    place, at, revision = spec.rpartition("@")
    if not at:
        raise WrongUseError(f"{spec} is neither a folder nor REPOSITORY@REVISION", hint="check the path")
    repository = open_repository(place)
    return from_commit(repository, find_commit(repository, revision))


def open_repository(place: str) -> pygit2.Repository:
    """The repository at or above a folder; raises BrokenInputError."""
    found = pygit2.discover_repository(place) if Path(place).is_dir() else None
    if found is None:
        raise BrokenInputError(f"{place} is not a git repository", hint="give REPOSITORY@REVISION")
    return pygit2.Repository(found)


def find_commit(repository: pygit2.Repository, revision: str) -> pygit2.Commit:
    """The commit that a revision names; raises WrongUseError."""
    try:
        return repository.revparse_single(revision).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError) as error:
        hint = "fetch the whole history" if repository.is_shallow else "git log shows the revisions"
        raise WrongUseError(f"no commit {revision!r} in {repository.path}", hint=hint) from error


def from_commit(repository: pygit2.Repository, commit: pygit2.Commit) -> Tree:
    """The tree of a commit; blobs are read when asked for."""
    return from_tree(repository, commit.tree)


def from_tree(repository: pygit2.Repository, root: pygit2.Tree) -> Tree:
    """A tree object's files; blobs are read when asked for."""
    tree = Tree(blob_reader(repository))
    waiting = [(b"", root)]
    while waiting:
        folder, listing = waiting.pop()
        for item in listing:
            path = folder + (item.raw_name or b"")
            if isinstance(item, pygit2.Tree):
                waiting.append((path + b"/", item))
            else:
                tree.add(path, Entry(int(item.filemode), str(item.id)))
    return tree


def differences(
    repository: pygit2.Repository, before: pygit2.Oid | None, after: pygit2.Oid
) -> dict[bytes, Entry | None]:
    """Entries of the second tree by path where they differ from the first's; None for what went.

    Folders of the same id are not gone into; git's own objects are read, which is faster than libgit2's differ.
    """
    changed: dict[bytes, Entry | None] = {}
    waiting: list[tuple[bytes | None, bytes | None, bytes]] = [(None if before is None else before.raw, after.raw, b"")]
    while waiting:
        old, new, prefix = waiting.pop()
        was, now = _entries(repository, old), _entries(repository, new)
        gone = {name: (mode, oid) for mode, name, oid in was - now}
        come = {name: (mode, oid) for mode, name, oid in now - was}
        for name in gone.keys() | come.keys():
            path = prefix + name
            (old_mode, old_oid), (new_mode, new_oid) = gone.get(name, _ABSENT), come.get(name, _ABSENT)
            folders = (old_oid if old_mode == _FOLDER else None, new_oid if new_mode == _FOLDER else None)
            if folders != (None, None):
                waiting.append((*folders, path + b"/"))
            if new_mode not in (b"", _FOLDER):
                changed[path] = Entry(int(new_mode, 8), new_oid.hex())
            elif old_mode not in (b"", _FOLDER):
                changed[path] = None
    return changed


def _entries(repository: pygit2.Repository, tree: bytes | None) -> set[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of all that a tree object lists."""
    if tree is None or tree == _EMPTY:
        return set()
    oid = pygit2.Oid(raw=tree)
    try:
        kind, raw = repository.read(oid)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise BrokenInputError(f"the tree {oid} is missing or damaged", hint="git fsck shows what else is") from error
    if kind != ObjectType.TREE:
        raise BrokenInputError(f"{oid} is not a tree", hint="git fsck shows what else is damaged")
    return set(_LISTED.findall(raw))


def blob_reader(repository: pygit2.Repository) -> Callable[[bytes, Entry], bytes | None]:
    """Reads blobs; None for a missing or oversized one (a partial clone, data)."""

    def read(path: bytes, entry: Entry) -> bytes | None:
        return content(repository, entry.blob, MAX_BYTES)

    return read


def from_folder(root: Path) -> Tree:
    """The files below a folder, but git's own; symlinks are entries, never gone through."""
    top = os.fsencode(root)
    tree = Tree(lambda path, entry: _read_file(top + b"/" + path))
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name != b".git")
        linked = [name for name in folders if Path(os.fsdecode(folder), os.fsdecode(name)).is_symlink()]
        for name in names + linked:
            if name == b".git":
                continue
            full = folder + b"/" + name
            tree.add(full[len(top) + 1 :], _entry(full))
    return tree


def _entry(full: bytes) -> Entry:
    status = os.lstat(full)
    plain = 0o100755 if status.st_mode & 0o100 else 0o100644
    mode = SYMLINK if stat.S_ISLNK(status.st_mode) else plain
    data = _read_file(full)
    # What is not read is told apart by its size and time: an id that nothing else has.
    return Entry(mode, f"unread {status.st_size} {status.st_mtime_ns}" if data is None else _git_id(data))


def _git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _read_file(full: bytes) -> bytes | None:
    status = os.lstat(full)
    if stat.S_ISLNK(status.st_mode):
        return os.fsencode(Path(os.fsdecode(full)).readlink())
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
        return None
    return Path(os.fsdecode(full)).read_bytes()
