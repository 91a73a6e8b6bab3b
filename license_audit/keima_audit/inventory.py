# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Lists every file of a tree: tracked and new files under git, every file without it. Nothing is followed.

Symbolic links and submodules are entries of their own, so that a report can say what was not looked into.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keima_audit.errors import EnvironmentBrokenError, UsageError

_SUBMODULE = "160000"
_SKIPPED_FOLDERS = {".git", ".hg", ".svn"}


@dataclass(frozen=True)
class Entry:
    """One path of the tree. kind: file | symlink | submodule | missing | special."""

    path: str
    kind: str
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    target: str = ""


def list_tree(root: Path) -> tuple[Entry, ...]:
    """Every path below `root`, sorted. Raises `UsageError` if it is no folder."""
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    named = _git_paths(root)
    if named is None:
        named = dict.fromkeys(_walk(root), "")
    return tuple(_entry(root, path, mode) for path, mode in sorted(named.items()))


def changed_since(root: Path, revision: str) -> frozenset[str]:
    """The paths that differ from a revision, new and uncommitted ones included."""
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no revision")
    changed = _git(root, "diff", "--name-only", "-z", "--no-renames", "--relative", revision, "--")
    if changed is None:
        raise UsageError(f"{root}: git knows no revision {revision!r}", hint="a branch, tag or commit id")
    new = _git(root, "ls-files", "-o", "--exclude-standard", "-z") or ""
    return frozenset(path for path in (changed + new).split("\0") if path)


def _git_paths(root: Path) -> dict[str, str] | None:
    staged = _git(root, "ls-files", "-s", "-z")
    if staged is None:
        return None
    modes = {}
    for line in staged.split("\0"):
        if line:
            about, path = line.split("\t", 1)
            modes[path] = about.split()[0]
    new = _git(root, "ls-files", "-o", "--exclude-standard", "-z") or ""
    for path in new.split("\0"):
        # A nested repository that is no submodule is listed as `folder/`; its files are ours to answer for.
        if path.endswith("/"):
            modes.update(dict.fromkeys((path + inner for inner in _walk(root / path)), ""))
        elif path:
            modes[path] = ""
    return modes


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "-c", "core.quotepath=off", *arguments], capture_output=True, check=False
        )
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "surrogateescape")
    message = done.stderr.decode("utf-8", "replace")
    if "dubious ownership" in message:
        raise EnvironmentBrokenError(f"git refuses to read {root}: {message.splitlines()[0]}")
    return None


def _walk(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root, followlinks=False):
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        names[:] = sorted(name for name in names if name not in _SKIPPED_FOLDERS and name not in links)
        for name in [*files, *links]:
            yield (Path(folder) / name).relative_to(root).as_posix()


def _entry(root: Path, path: str, mode: str) -> Entry:
    if mode == _SUBMODULE:
        return Entry(path, "submodule")
    full = os.path.join(root, path)  # noqa: PTH118 - for each file of a tree: a third of pathlib's time
    try:
        found = os.lstat(full)
    except OSError:
        return Entry(path, "missing")
    if stat.S_ISLNK(found.st_mode):
        return Entry(path, "symlink", target=str(Path(full).readlink()))
    if not stat.S_ISREG(found.st_mode):
        return Entry(path, "special")
    return Entry(path, "file", found.st_size, found.st_mtime_ns, found.st_ino)


def leaves_tree(entry: Entry) -> bool:
    """Whether a symbolic link points out of the tree, by its text alone: nothing is resolved on disk."""
    if entry.target.startswith("/"):
        return True
    joined = os.path.normpath(str(Path(entry.path).parent / entry.target))
    return joined == ".." or joined.startswith("../")
