# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes files and folders whole or not at all.

What is written goes to a hidden neighbour first, is flushed to the disk and then renamed over the target, so
a reader sees the old content or the new one, and a full disk or a kill leaves the old one.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from keima_cli.errors import BrokenInputError

_serial = itertools.count()  # tells apart what several threads of one process write at once
_SUFFIX = ".partial"

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space or choose another folder"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or choose another folder"),
    errno.EROFS: ("the file system is read-only", "choose another folder"),
    errno.EACCES: ("permission denied", "choose a folder that you may write to"),
    errno.EPERM: ("permission denied", "choose a folder that you may write to"),
    errno.ENOENT: ("no such folder", "make the folder first"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "choose another path"),
    errno.EISDIR: ("it is a folder", "choose another path"),
}


@contextmanager
def explained(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn an OSError into a BrokenInputError that says what failed at `path` and what to do."""
    try:
        yield
    except OSError as error:
        cause, hint = _CAUSES.get(error.errno or 0, (error.strerror or str(error), None))
        raise BrokenInputError(f"cannot {doing} {path}: {cause}", hint=hint) from error


@contextmanager
def open_atomic(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open `path` for writing bytes; it appears, with the given permissions, when the block ends well.

    Raises BrokenInputError on a full or read-only disk; the earlier file is then untouched.
    """
    partial = _partial(path)
    with explained(path):
        try:
            with partial.open("xb") as file:
                yield file
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            partial.replace(path)
            _sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace the content of `path`."""
    with open_atomic(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Replace the content of `path` by text in UTF-8, line ends as given."""
    write_bytes(path, text.encode())


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it is renamed to `path`, which must not exist yet, when the block ends well."""
    partial = _partial(path)
    with explained(path):
        if path.exists():
            raise BrokenInputError(f"{path} exists already", hint="remove it or choose another folder")
        partial.mkdir()
        try:
            yield partial
            for folder, _, names in os.walk(partial):
                for name in names:
                    _sync_file(Path(folder, name))
            partial.rename(path)
            _sync_folder(path.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed writer left in `folder`. Hold the folder's lock: live writers look the same."""
    for left in folder.glob(f".*{_SUFFIX}"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{next(_serial)}{_SUFFIX}")


def _sync_file(path: Path) -> None:
    if path.is_symlink():
        return
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Flush a folder's entries, without which a rename may be lost when the power fails."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
