# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps on the disk what blobs refer to, so that a blob is read once in its life and not once a run.

An entry belongs to a blob, a language and this version of the extractors. The file may be lost, damaged, locked or
unwritable at any time: then the blobs are read again, and nothing else happens. Files of other versions are removed,
and one that has grown beyond its limit is begun anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeAlias

Key: TypeAlias = tuple[str, str]
"""The id of a blob, and the language that it is read as."""

FOLDER = "keima"
"""In a repository's common git folder: all that is remembered of it."""
LIMIT_BYTES = 512 << 20
_BATCH = 2000  # entries that are written at once


class Store:
    """A table of encoded extractions in one file; all failures of the file look like a missing entry."""

    def __init__(self, file: Path) -> None:
        self._waiting: dict[Key, bytes] = {}
        self._table = _opened(file)

    def get(self, key: Key) -> bytes | None:
        """What was stored, sound or not."""
        if key in self._waiting:
            return self._waiting[key]
        if self._table is None:
            return None
        try:
            row = self._table.execute("SELECT found FROM extractions WHERE blob = ? AND language = ?", key).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row and isinstance(row[0], bytes) else None

    def put(self, key: Key, found: bytes) -> None:
        """Store it, at the latest when the store is closed."""
        self._waiting[key] = found
        if len(self._waiting) >= _BATCH:
            self._write()

    def close(self) -> None:
        """Write what waits."""
        self._write()
        if self._table is not None:
            self._table.close()

    def _write(self) -> None:
        rows = [(*key, found) for key, found in self._waiting.items()]
        self._waiting.clear()
        if self._table is None or not rows:
            return
        try:
            with self._table:
                self._table.executemany("INSERT OR REPLACE INTO extractions VALUES (?, ?, ?)", rows)
        except sqlite3.Error:
            self._table = None  # read-only, full, locked for long, or damaged


@contextmanager
def stored_in(folder: Path) -> Iterator[Store]:
    """The store of a repository's common git folder."""
    file = folder / FOLDER / f"references-{version()}.sqlite"
    _tidy(file)
    store = Store(file)
    try:
        yield store
    finally:
        store.close()


def _tidy(file: Path) -> None:
    """Remove the files of other versions, and this one where it is too large."""
    with contextlib.suppress(OSError):
        for other in file.parent.glob("references-*.sqlite*"):
            if not other.name.startswith(file.name) or other.stat().st_size > LIMIT_BYTES:
                other.unlink()


def _opened(file: Path) -> sqlite3.Connection | None:
    """The table, made anew if what is there is no database."""
    for _ in range(2):
        try:
            file.parent.mkdir(exist_ok=True)
            table = sqlite3.connect(file, timeout=5)
            table.execute("PRAGMA synchronous = OFF")  # a cache may be lost with the power
            table.execute(
                "CREATE TABLE IF NOT EXISTS extractions (blob TEXT, language TEXT, found BLOB, "
                "PRIMARY KEY (blob, language)) WITHOUT ROWID"
            )
            return table
        except sqlite3.OperationalError:
            return None
        except sqlite3.DatabaseError:
            file.unlink(missing_ok=True)
        except OSError:
            return None
    return None


@cache
def version() -> str:
    """Changes with the extractors and with the Python whose parser they use."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
