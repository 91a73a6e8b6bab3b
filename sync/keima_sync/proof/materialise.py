# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a tree's files to an empty folder, from git objects alone: no checkout, so no filter and no hook runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pygit2

from keima_cli.atomic import explained
from keima_sync.errors import RepositoryError, shown
from keima_sync.git_command import copy_blob
from keima_sync.references.blobs import content, size_of
from keima_sync.tree_filter import GITLINK, SYMLINK, TREE, Item, Oid, parse_tree

_EXECUTABLE = 0o100
_HELD = 64 << 20  # bytes of a file that are held in memory; git writes a larger one
_LONGEST_LINK = 1 << 16  # of a target; Linux allows 4096


def materialise(repository: pygit2.Repository, tree: Oid, folder: Path) -> None:
    """Write the tree to `folder`, which must be empty; a submodule is an empty folder, as after a plain clone.

    Raises RepositoryError for a name that no file can have here (`..`, `.git`, or one that is there already, as where
    letter case does not count) and BrokenInputError for a disk that is full.
    """
    waiting = [(tree, b"")]
    while waiting:
        oid, prefix = waiting.pop()
        for item in _items(repository, oid, prefix):
            path = prefix + item.name
            if item.mode == TREE:
                waiting.append((item.oid, path + b"/"))
            place = Path(os.fsdecode(os.fsencode(folder) + b"/" + path))
            with explained(place):
                try:
                    _write(repository, item, place)
                except FileExistsError as error:
                    raise RepositoryError(
                        f"{shown(path)} and another name are one file on this file system", hint="rename one of the two"
                    ) from error


def _write(repository: pygit2.Repository, item: Item, place: Path) -> None:
    if item.mode in (TREE, GITLINK):
        place.mkdir()
        return
    size = size_of(repository, item.oid)
    if size is None:
        raise RepositoryError(f"the content of {place} ({item.oid}) is missing", hint="git fsck shows what else is")
    if item.mode == SYMLINK:
        target = content(repository, item.oid, _LONGEST_LINK)
        if not target or b"\0" in target:
            raise RepositoryError(
                f"the symlink {place} has no target that a link can have", hint="git fsck reports it too"
            )
        place.symlink_to(os.fsdecode(target))
        return
    mode = 0o755 if item.mode & _EXECUTABLE else 0o644
    # O_EXCL: neither a file nor a link that is there is ever written through.
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
        if size > _HELD:
            copy_blob(repository, str(item.oid), file)
        else:
            file.write(content(repository, item.oid, size) or b"")


def _items(repository: pygit2.Repository, tree: Oid, prefix: bytes) -> Iterator[Item]:
    for item in parse_tree(repository.read(tree)[1]):
        if item.name in (b"", b".", b"..") or b"/" in item.name or item.name.lower() == b".git":
            raise RepositoryError(
                f"{shown(prefix + item.name)!r} is not a name for a file", hint="git fsck reports it too"
            )
        yield item


def remove(folder: Path) -> None:
    """Remove a folder that a build has had to itself, whatever permissions and depth it left."""
    if folder.exists():
        # Python's own walk recurses, and a build may nest folders deeper than that goes.
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(folder)], capture_output=True, check=False)
