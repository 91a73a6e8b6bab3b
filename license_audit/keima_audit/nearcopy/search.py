# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Compares a tree with the corpora that a user names, and finds out what their files are under."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from keima_audit.detect.decoding import decode
from keima_audit.errors import UsageError
from keima_audit.expressions import Node
from keima_audit.inventory import Entry, list_tree
from keima_audit.nearcopy.findings import NearCopy
from keima_audit.nearcopy.fingerprints import Fingerprints, fingerprints
from keima_audit.nearcopy.index import Index
from keima_audit.nearcopy.tokens import language_of
from keima_audit.store import Store

_MOST_BYTES = 4 << 20
"""Bytes of a source file that are looked at; longer ones are generated, and alike by nature."""


@dataclass(frozen=True)
class Sources:
    """The source files below a folder with their fingerprints."""

    root: Path
    prints: dict[str, Fingerprints]


def read_sources(root: Path, store: Store) -> Sources:
    """Read the source files below a folder; a file that the cache knows by its content is not read again.

    Raises `UsageError` if there is no such folder.
    """
    entries = [e for e in list_tree(root) if e.kind == "file" and 0 < e.size <= _MOST_BYTES and language_of(e.path)]
    known = store.hashes(root.resolve(), entries)
    kept = store.fingerprints(_version())
    prints: dict[str, Fingerprints] = {}
    new: dict[str, bytes] = {}
    hashed: list[tuple[Entry, str]] = []
    for entry in entries:
        key = f"{known.get(entry.path, '')} {language_of(entry.path)}"
        if key in kept:
            prints[entry.path] = _unpacked(kept[key])
            continue
        data = _content(root / entry.path)
        if data is not None:
            digest = hashlib.sha256(data).hexdigest()
            prints[entry.path] = _of_bytes(data, language_of(entry.path) or "")
            new[f"{digest} {language_of(entry.path)}"] = _packed(prints[entry.path])
            hashed.append((entry, digest))
    store.keep_fingerprints(_version(), new.items())
    store.remember(root.resolve(), hashed)
    return Sources(root, prints)


def _content(path: Path) -> bytes | None:
    """The content; None for what cannot be read, which the audit of the tree reports."""
    try:
        return path.read_bytes()
    except OSError:
        return None


def _of_bytes(data: bytes, language: str) -> Fingerprints:
    decoded = decode(data)
    return fingerprints(decoded[0] if decoded is not None else "", language)


def near_copies(tree: Sources, corpora: list[Sources], only: frozenset[str] | None = None) -> Iterator[NearCopy]:
    """What each file of the tree is most like; files of a corpus that lies in the tree are not compared."""
    for corpus in corpora:
        if not corpus.prints:
            raise UsageError(f"{corpus.root}: no source code in this corpus", hint="--corpus FOLDER")
        index = Index(corpus.prints)
        inside = corpus.root.resolve()
        for path, prints in sorted(tree.prints.items()):
            if (only is not None and path not in only) or (tree.root / path).resolve().is_relative_to(inside):
                continue
            likeness = index.most_like(prints)
            if likeness is not None:
                yield NearCopy(path, likeness)


def named(copies: list[NearCopy], corpus: Path, licenses: dict[str, Node]) -> list[NearCopy]:
    """The copies with their source's licence, and its path below the corpus's own name."""
    return [
        replace(
            copy,
            license=licenses.get(copy.likeness.source),
            likeness=replace(copy.likeness, source=f"{corpus.name}/{copy.likeness.source}"),
        )
        for copy in copies
    ]


@cache
def _version() -> str:
    """A hash of the code that a fingerprint depends on."""
    folder = files("keima_audit")
    parts = ("nearcopy/tokens.py", "nearcopy/fingerprints.py", "data/languages.toml")
    code = b"".join((folder / name).read_bytes() for name in parts)
    return hashlib.sha256(code).hexdigest()[:12]


def _packed(prints: Fingerprints) -> bytes:
    return prints.hashes.astype("<u8").tobytes() + prints.lines.astype("<i4").tobytes()


def _unpacked(data: bytes) -> Fingerprints:
    number = len(data) // 12
    hashes = np.frombuffer(data, dtype="<u8", count=number)
    return Fingerprints(hashes, np.frombuffer(data, dtype="<i4", offset=8 * number))
