# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What in a repository looks internal: folders, markers of blocks, hosts; and what could build it. Guesses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pygit2
from pygit2.enums import SortMode

from keima_sync.references.tree import Tree, from_commit
from keima_sync.transforms import is_binary

_LARGEST = 1 << 20
_MOST_FILES = 20_000
_MOST_COMMITS = 2_000
_INTERNAL = re.compile(
    r"(?i)(?:^|[-_.\s])(?:internal|private|secrets?|confidential|proprietary|nda|corp|in-?house)(?:$|[-_.\s])"
)
_WORD = re.compile(rb"[A-Za-z][\w:-]{4,60}")
_MARKER = re.compile(r"(?i)^(?=.*(?:internal|private|confidential|proprietary|strip|nda))(?=.*(?:begin|start)).*")
_OPENING = re.compile(r"(?i)begin|start")
_HOST = re.compile(rb"(?:https?://(?:[\w.~%-]+@)?|git@|ssh://(?:\w+@)?)((?:[\w-]{1,63}\.)+[A-Za-z]{2,20})(?![\w.-])")
_PRIVATE_HOST = re.compile(
    r"(?:^|\.)(?:corp|intern|internal|intra|intranet|inhouse|office)\.|\.(?:internal|local|lan|corp|intranet|intra)$"
)
_BUILDS = (
    ("Makefile", "make"),
    ("CMakeLists.txt", "cmake -S . -B build && cmake --build build"),
    ("pyproject.toml", "python3 -m pytest -q"),
    ("package.json", "npm test"),
    ("Cargo.toml", "cargo test"),
    ("go.mod", "go test ./..."),
)


@dataclass(frozen=True)
class Survey:
    """What was seen; each with where or how often, for the comments."""

    folders: tuple[str, ...]
    markers: tuple[tuple[str, str, int], ...]  # begin, end, number of files
    hosts: tuple[tuple[str, str], ...]  # host, a file that names it
    domains: tuple[tuple[str, int], ...]  # of authors' addresses, by number of commits
    builds: tuple[str, ...]


def survey(repository: pygit2.Repository, commit: pygit2.Commit) -> Survey:
    """Look at a commit's tree and at who wrote its history."""
    tree = from_commit(repository, commit)
    words: Counter[str] = Counter()
    hosts: dict[str, str] = {}
    for path, data in _texts(tree):
        words.update({word.decode() for word in _WORD.findall(data)})
        for found in _HOST.findall(data):
            host = found.decode().lower()
            if _PRIVATE_HOST.search(host):
                hosts.setdefault(host, path)
    names = {path.decode() for path in tree.files if _plain(path)}
    return Survey(
        tuple(sorted(_folders(names))),
        tuple(sorted(_pairs(words))),
        tuple(sorted(hosts.items())),
        tuple(_domains(repository, commit)),
        tuple(step for name, step in _BUILDS if name in names),
    )


def _plain(path: bytes) -> bool:
    """Whether a path can be written into TOML as it is."""
    try:
        return path.decode().isprintable()
    except UnicodeDecodeError:
        return False


def _texts(tree: Tree) -> Iterator[tuple[str, bytes]]:
    for path in islice(tree.files, _MOST_FILES):
        data = tree.read(path) if _plain(path) else b""
        if data is not None and len(data) <= _LARGEST and not is_binary(data):
            yield path.decode(errors="replace"), data


def _folders(names: set[str]) -> set[str]:
    """The outermost folders whose names say that they are internal."""
    found = set()
    for name in names:
        parts = name.split("/")[:-1]
        for depth, part in enumerate(parts, start=1):
            if _INTERNAL.search(part):
                found.add("/".join(parts[:depth]))
                break
    return found


def _pairs(words: Counter[str]) -> Iterator[tuple[str, str, int]]:
    """Words such as BEGIN-INTERNAL whose other half, END-INTERNAL, occurs too."""
    for word, count in words.items():
        if not _MARKER.match(word):
            continue
        for closing in ("end", "stop", "finish"):
            other = _OPENING.sub(lambda found, closing=closing: _in_case(closing, found[0]), word, count=1)  # type: ignore[misc]
            if words[other] and word not in other and other not in word:
                yield word, other, count
                break


def _in_case(word: str, like: str) -> str:
    return word.upper() if like.isupper() else word.capitalize() if like[0].isupper() else word


def _domains(repository: pygit2.Repository, commit: pygit2.Commit) -> list[tuple[str, int]]:
    walker = repository.walk(commit.id, SortMode.TOPOLOGICAL)
    mails = (each.author.raw_email or b"" for each in islice(walker, _MOST_COMMITS))
    known = Counter(mail.rpartition(b"@")[2].decode(errors="replace").lower() for mail in mails)
    return [(domain, count) for domain, count in known.most_common(5) if domain.isprintable() and domain]
