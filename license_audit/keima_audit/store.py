# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The cache: scans by content hash and detector version, and each file's hash by its size, mtime and inode.

SQLite keeps it whole when a run is killed. Paths, policies and waivers are no part of a scan's key, so that a
changed policy needs no new scan. A cache that is damaged or of another layout is dropped and made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from keima_audit.detect.scan import Scan
from keima_audit.errors import EnvironmentBrokenError
from keima_audit.inventory import Entry

_LAYOUT = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS scan (
    sha256 TEXT, detector TEXT, scan TEXT, PRIMARY KEY (sha256, detector)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fingerprint (
    key TEXT, version TEXT, data BLOB, PRIMARY KEY (key, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
    root TEXT, path TEXT, size INTEGER, mtime_ns INTEGER, inode INTEGER, sha256 TEXT, PRIMARY KEY (root, path)
) WITHOUT ROWID;
"""


class Store:
    """An open cache. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dropped = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except sqlite3.DatabaseError:
            self._drop()
        except OSError as error:
            raise EnvironmentBrokenError(
                f"the cache {path} cannot be written: {error}", hint="--cache FOLDER names another place"
            ) from error

    def _open(self) -> None:
        self._base = sqlite3.connect(self.path, timeout=30)
        layout = self._base.execute("PRAGMA user_version").fetchone()[0]
        if layout not in (0, _LAYOUT):
            raise sqlite3.DatabaseError(f"layout {layout}")
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=NORMAL")
        self._base.executescript(_TABLES)
        self._base.execute(f"PRAGMA user_version={_LAYOUT}")
        # A file that was cut short opens well and fails in the middle of a run.
        found = self._base.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)

    def _drop(self) -> None:
        self._base.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.dropped = True
        self._open()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.commit()
        self._base.close()

    def hashes(self, root: Path, entries: Iterable[Entry]) -> dict[str, str]:
        """The known hashes of those files whose size, mtime and inode have not changed."""
        rows = self._base.execute("SELECT path, size, mtime_ns, inode, sha256 FROM file WHERE root=?", (str(root),))
        known = {row[0]: row[1:] for row in rows}
        found = {}
        for entry in entries:
            row = known.get(entry.path)
            if row and row[:3] == (entry.size, entry.mtime_ns, entry.inode):
                found[entry.path] = row[3]
        return found

    def remember(self, root: Path, hashed: Iterable[tuple[Entry, str]]) -> None:
        """Keep the hashes of files."""
        self._base.executemany(
            "INSERT OR REPLACE INTO file VALUES (?,?,?,?,?,?)",
            [(str(root), e.path, e.size, e.mtime_ns, e.inode, digest) for e, digest in hashed],
        )
        self._base.commit()

    def scans(self, detector: str) -> dict[str, Scan]:
        """Every scan that this detector made, by the content's hash."""
        rows = self._base.execute("SELECT sha256, scan FROM scan WHERE detector=?", (detector,))
        return {digest: _read(text) for digest, text in rows}

    def keep(self, detector: str, scanned: Iterable[tuple[str, Scan]]) -> None:
        """Keep scans at once: what was scanned before a kill is not scanned again."""
        self._base.executemany(
            "INSERT OR REPLACE INTO scan VALUES (?,?,?)",
            [(digest, detector, "" if scan == _NOTHING else scan.to_json()) for digest, scan in scanned],
        )
        self._base.commit()

    def fingerprints(self, version: str) -> dict[str, bytes]:
        """Packed fingerprints of contents, by hash and language, as this version of the code makes them."""
        return dict(self._base.execute("SELECT key, data FROM fingerprint WHERE version=?", (version,)))

    def keep_fingerprints(self, version: str, made: Iterable[tuple[str, bytes]]) -> None:
        """Keep packed fingerprints."""
        self._base.executemany(
            "INSERT OR REPLACE INTO fingerprint VALUES (?,?,?)", [(key, version, data) for key, data in made]
        )
        self._base.commit()


_NOTHING = Scan()


def _read(text: str) -> Scan:
    return Scan.from_json(text) if text else _NOTHING
