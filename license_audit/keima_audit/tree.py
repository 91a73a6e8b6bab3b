# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a tree into facts: every file with its hash, its scan and what is declared beside it.

A warm run reads nothing but the tree's listing: a file whose size, mtime and inode are those of the last run
keeps its hash, and a content that was scanned before keeps its scan. `rehash` trusts neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from keima_audit.archives import scan_archive
from keima_audit.datafiles import load_table
from keima_audit.declarations import REUSE_TOML, Declaration, declaration_for, read_tables, sidecar_of
from keima_audit.detect import scancode
from keima_audit.detect.contents import merged, read_content, reader_of
from keima_audit.detect.notices import scan_text
from keima_audit.detect.scan import Remark, Scan
from keima_audit.inventory import Entry, list_tree
from keima_audit.policy import Policy
from keima_audit.store import Store

_CHUNK = 1 << 20
_BATCH = 50
"""Scans that are kept at once: what a kill can lose."""


@dataclass(frozen=True)
class FileFacts:
    """What is known of one path before any policy."""

    entry: Entry
    sha256: str = ""
    scan: Scan = field(default_factory=Scan)
    declared: tuple[Declaration, ...] = ()

    @property
    def path(self) -> str:
        """The path below the tree's root, with forward slashes."""
        return self.entry.path


@dataclass(frozen=True)
class Tree:
    """All files of a tree, and how they were read."""

    root: Path
    files: tuple[FileFacts, ...]
    detector: str
    problems: tuple[tuple[str, str], ...] = ()
    scanned: int = 0
    reused: int = 0

    @property
    def paths(self) -> list[str]:
        """The paths of all regular files."""
        return [facts.path for facts in self.files if facts.entry.kind == "file"]

    def file(self, path: str) -> FileFacts | None:
        """The facts of one path."""
        return self._by_path.get(path)

    @property
    def _by_path(self) -> dict[str, FileFacts]:
        if "_index" not in self.__dict__:
            object.__setattr__(self, "_index", {facts.path: facts for facts in self.files})
        index: dict[str, FileFacts] = self.__dict__["_index"]
        return index


@dataclass(frozen=True)
class Reading:
    """How to read a tree."""

    detector: str = "scancode"
    prefilter: bool = True
    rehash: bool = False
    python: str | None = None
    remember: bool = True
    """Whether the hashes of the tree's paths are worth keeping; those of a folder that will be gone are not."""


@cache
def _code_version() -> str:
    """A hash of everything that a scan depends on besides the content: a change of it needs new scans."""
    digest = hashlib.sha256()
    folder = files("keima_audit")
    for part in ("detect", "data"):
        for file in sorted((folder / part).iterdir(), key=lambda item: item.name):
            if file.name.endswith((".py", "notices.toml", "weights.toml")):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def detector_id(reading: Reading) -> str:
    """The detector's name and version, as it stands in reports and cache keys."""
    if reading.detector == "notices":
        return f"notices {_code_version()}"
    installed = scancode.version(scancode.interpreter(reading.python))
    return f"scancode {installed} {_code_version()}"


class _Detector:
    """Starts ScanCode only when there is something to scan."""

    def __init__(self, reading: Reading, policy: Policy, stack: ExitStack) -> None:
        self._reading, self._policy, self._stack = reading, policy, stack
        self._worker: scancode.ScanCode | None = None

    def __call__(self, text: str, *, python: bool) -> Scan:
        if self._reading.detector == "notices":
            return scan_text(text, python=python)
        if self._worker is None:
            interpreter = scancode.interpreter(self._reading.python)
            seconds = self._policy.limits["seconds-per-file"]
            self._worker = self._stack.enter_context(
                scancode.running(interpreter, seconds, prefilter=self._reading.prefilter)
            )
        return self._worker.scan(text, python=python)


def read_tree(
    root: Path,
    policy: Policy,
    store: Store,
    reading: Reading,
    *,
    only: Callable[[str], bool] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Tree:
    """Read every file below `root`; with `only`, no paths but those it is true for. `progress` hears (done, of)."""
    entries = list_tree(root)
    wanted = [e for e in entries if e.kind == "file" and (only is None or only(e.path))]
    known = {} if reading.rehash else store.hashes(root, wanted)
    detector = detector_id(reading) + ("" if reading.prefilter else " whole")
    scans = store.scans(detector)
    found: dict[str, tuple[str, Scan]] = {}
    to_read = []
    for entry in wanted:
        key = _key(known.get(entry.path, ""), entry)
        if entry.path in known and key in scans:
            found[entry.path] = (known[entry.path], scans[key])
        else:
            to_read.append(entry)
    with ExitStack() as stack:
        reader = _Reader(root, policy, reading, scans, _Detector(reading, policy, stack))
        for batch in _batches(to_read):
            found.update(reader.read(batch, store, detector))
            if progress:
                progress(len(found), len(wanted))
    files, problems = _with_declarations(root, entries, found)
    return Tree(root, files, detector, problems, len(to_read), len(wanted) - len(to_read))


def _with_declarations(
    root: Path, entries: tuple[Entry, ...], found: dict[str, tuple[str, Scan]]
) -> tuple[tuple[FileFacts, ...], tuple[tuple[str, str], ...]]:
    tables, problems = read_tables(root, [e.path for e in entries if Path(e.path).name == REUSE_TOML])
    sidecars = dict(_sidecars(found))
    facts = []
    for entry in entries:
        digest, scan = found.get(entry.path, ("", Scan()))
        beside = (sidecars.get(entry.path), declaration_for(entry.path, tables))
        facts.append(FileFacts(entry, digest, scan, tuple(item for item in beside if item)))
    return tuple(facts), tuple(problems)


def _batches(entries: list[Entry]) -> Iterator[list[Entry]]:
    for start in range(0, len(entries), _BATCH):
        yield entries[start : start + _BATCH]


def _key(digest: str, entry: Entry) -> str:
    return f"{digest} {_reader(entry.path)}"


def _reader(path: str) -> str:
    return "archive" if path.lower().endswith(tuple(load_table("layout.toml")["archive_suffixes"])) else reader_of(path)


class _Reader:
    """Reads files that the cache does not know."""

    def __init__(self, root: Path, policy: Policy, reading: Reading, scans: dict[str, Scan], detect: _Detector) -> None:
        self._root, self._limits, self._scans, self._detect = root, policy.limits, scans, detect
        self._prefilter = reading.prefilter
        self._remember = reading.remember

    def read(self, batch: list[Entry], store: Store, detector: str) -> dict[str, tuple[str, Scan]]:
        """Hash and scan a batch of files, and keep both in the cache."""
        found: dict[str, tuple[str, Scan]] = {}
        new: dict[str, Scan] = {}
        for entry in batch:
            try:
                digest, data = _hash(self._root / entry.path, self._limits["file-bytes"])
            except OSError as error:
                found[entry.path] = ("", _unreadable(error))
                continue
            key = _key(digest, entry)
            if key not in self._scans:
                self._scans[key] = new[key] = self._scan(entry, data)
            found[entry.path] = (digest, self._scans[key])
        store.keep(detector, new.items())
        if self._remember:
            store.remember(self._root, [(e, found[e.path][0]) for e in batch if found[e.path][0]])
        return found

    def _scan(self, entry: Entry, data: bytes) -> Scan:
        reader = _reader(entry.path)
        if reader == "archive":
            return scan_archive(self._root / entry.path, self._limits, self._detect, prefilter=self._prefilter)
        content = read_content(data, reader, prefilter=self._prefilter)
        if len(data) < entry.size and content.scan.kind not in ("binary", "weights"):
            note = f"{entry.size} bytes, limit {self._limits['file-bytes']}"
            return Scan(remarks=(Remark("file-too-large", 0, note),))
        if content.text is None:
            return content.scan
        return merged(content.scan, self._detect(content.text, python=content.python))


def _unreadable(error: OSError) -> Scan:
    return Scan(remarks=(Remark("unreadable", 0, error.strerror or str(error)),))


def _hash(path: Path, keep: int) -> tuple[str, bytes]:
    """The SHA-256 of a file and its first `keep` bytes, read once and in bounded memory."""
    digest = hashlib.sha256()
    kept: list[bytes] = []
    length = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if length < keep:
                kept.append(chunk[: keep - length])
                length += len(kept[-1])
    return digest.hexdigest(), b"".join(kept)


def _sidecars(found: dict[str, tuple[str, Scan]]) -> Iterable[tuple[str, Declaration]]:
    for path, (_, scan) in found.items():
        speaks_for = sidecar_of(path)
        if speaks_for:
            raws = tuple(match.raw for match in scan.own if match.raw)
            yield speaks_for, Declaration(raws, scan.copyrights, "override", path)
