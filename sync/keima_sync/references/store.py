# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps on the disk what blobs refer to, so that a blob is read once in its life and not once a run.

An entry belongs to a blob, a language and this version of the extractors. The file may be lost, damaged, locked or
unwritable at any time: then the blobs are read again, and nothing else happens.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from keima_sync.references.model import Extraction, Kind, Reference, Strength

Key: TypeAlias = tuple[str, str]
"""The id of a blob, and the language that it is read as."""

_BATCH = 2000  # entries that are written at once


class Store:
    """A table of extractions in one file; all failures of the file look like a missing entry."""

    def __init__(self, file: Path) -> None:
        self._waiting: dict[Key, Extraction] = {}
        self._table = _opened(file)

    def get(self, key: Key) -> Extraction | None:
        """What was stored, if anything sound was."""
        if self._table is None:
            return None
        try:
            row = self._table.execute("SELECT found FROM extractions WHERE blob = ? AND language = ?", key).fetchone()
            return _decoded(row[0]) if row else None
        except (sqlite3.Error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def put(self, key: Key, extraction: Extraction) -> None:
        """Store it, at the latest when the store is closed."""
        self._waiting[key] = extraction
        if len(self._waiting) >= _BATCH:
            self._write()

    def close(self) -> None:
        """Write what waits."""
        self._write()
        if self._table is not None:
            self._table.close()

    def _write(self) -> None:
        rows = [(*key, _encoded(extraction)) for key, extraction in self._waiting.items()]
        self._waiting.clear()
        if self._table is None:
            return
        try:
            with self._table:
                self._table.executemany("INSERT OR REPLACE INTO extractions VALUES (?, ?, ?)", rows)
        except sqlite3.Error:
            self._table = None  # read-only, full, locked for long, or damaged


@contextmanager
def stored_in(folder: Path) -> Iterator[Store]:
    """The store of a repository's common git folder."""
    store = Store(folder / "keima" / f"references-{_version()}.sqlite")
    try:
        yield store
    finally:
        store.close()


def _opened(file: Path) -> sqlite3.Connection | None:
    """The table, made anew if what is there is no database."""
    for _ in range(2):
        try:
            file.parent.mkdir(exist_ok=True)
            table = sqlite3.connect(file, timeout=5)
            table.execute("PRAGMA synchronous = OFF")  # a cache may be lost with the power
            table.execute(
                "CREATE TABLE IF NOT EXISTS extractions (blob TEXT, language TEXT, found TEXT, "
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
def _version() -> str:
    """Changes with the extractors and with the Python whose parser they use."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _encoded(extraction: Extraction) -> str:
    references = [[_plain(value) for value in vars(reference).values()] for reference in extraction.references]
    return json.dumps([references, [_plain(name) for name in sorted(extraction.generated)]], separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, (Kind, Strength)) else value


def _decoded(text: str) -> Extraction:
    references, generated = json.loads(text)
    return Extraction(tuple(_reference(*fields) for fields in references), frozenset(map(_bytes, generated)))


def _reference(
    line: int, kind: str, target: str, candidates: list[str], suffixes: list[str], strength: int, unknown: str
) -> Reference:
    return Reference(
        int(line),
        _KINDS[kind],
        target,
        tuple(map(_bytes, candidates)),
        tuple(map(_bytes, suffixes)),
        _STRENGTHS[strength],
        unknown,
    )


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


_KINDS = {kind.value: kind for kind in Kind}
_STRENGTHS = {strength.value: strength for strength in Strength}
