# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Who owns a shared library in an artefact: by audit.toml, by its name, by its own texts in a binary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from keima_audit.datafiles import load_table
from keima_audit.policy import Entry, Policy

_GRAFTED_HASH = re.compile(r"-[0-9a-f]{8,40}(?=[.-])")
_VERSION = re.compile(r"(\.so)(?:\.[0-9]+)+$")
_VERSION_BEFORE = re.compile(r"-[0-9]+(?:\.[0-9]+)*(?=\.so)")
EXTENSION_MODULE = re.compile(r"\.(?:cpython-[^/]+|abi3|pypy[^/]*|cp\d+[^/]*)\.(?:so|pyd)$|(?<!\.)\.pyd$")


@dataclass(frozen=True)
class Bundled:
    """One library that an artefact carries. how: declared | name | soname | marker."""

    path: str
    name: str
    license: str
    how: str
    source: str = ""
    sha256: str = ""
    soname: str = ""
    build_id: str = ""
    static: bool = False
    version: str = ""
    copyrights: tuple[str, ...] = ()
    entry: Entry | None = None


def base_name(path: str) -> str:
    """`numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0` -> `libgfortran.so`."""
    name = PurePosixPath(path).name
    while _GRAFTED_HASH.search(name):
        name = _GRAFTED_HASH.sub("", name, count=1)
    return _VERSION_BEFORE.sub("", _VERSION.sub(r"\1", name))


def is_library(path: str) -> bool:
    """Whether a path names a shared library that is no Python extension module."""
    name = PurePosixPath(path).name
    if EXTENSION_MODULE.search(name):
        return False
    return bool(re.search(r"\.so(\.[0-9]+)*$|\.dylib$|\.dll$", name))


@cache
def _libraries() -> tuple[dict[str, Any], ...]:
    return tuple(load_table("bundled.toml")["library"])


def by_name(path: str) -> dict[str, Any] | None:
    """The known library that a file's name stands for."""
    name = base_name(path)
    for library in _libraries():
        if any(fnmatch(name, pattern) for pattern in library["files"]):
            return library
    return None


@cache
def _markers() -> tuple[tuple[bytes, dict[str, Any]], ...]:
    return tuple((text.encode(), library) for library in _libraries() for text in library.get("markers", ()))


def by_marker(data: bytes) -> list[dict[str, Any]]:
    """The known libraries whose texts stand in a binary: linked in statically, or copied."""
    found = [library for text, library in _markers() if text in data]
    return [library for index, library in enumerate(found) if library not in found[:index]]


def aliases(name: str) -> tuple[str, ...]:
    """What else a known library is called."""
    return tuple(alias for library in _libraries() if library["name"] == name for alias in library.get("aliases", ()))


def same_name(library: str, project: str) -> bool:
    """Whether a library has the project's own name, or that without `py`: Arrow in pyarrow."""
    ours = canonicalize_name(project)
    return canonicalize_name(library) in (ours, ours.removeprefix("py"), ours.removeprefix("py-"))


def declared(path: str, policy: Policy) -> Entry | None:
    """The [[bundled]] entry of audit.toml for a path in the artefact."""
    entries = policy.matching("bundled", path)
    return entries[-1] if entries else None


def may_be_redistributed(path: str, table: str) -> bool:
    """Whether the vendor's list names this file."""
    name = base_name(path)
    return any(fnmatch(name, pattern) for pattern in load_table("redistribution.toml")[table]["patterns"])
