# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Licences that are declared beside a file: REUSE.toml tables and `.license` sidecars.

The rules are those of the REUSE specification 3.3; unlike `reuse` itself, what a declaration hides is kept,
so that an override over a GPL header becomes a finding.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from keima_audit.paths import matches

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REUSE_TOML = "REUSE.toml"
SIDECAR = ".license"
_MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class Declaration:
    """What a file beside says: its raw expressions, and how they relate to the file's own header.

    precedence: closest (the header wins) | aggregate (both hold) | override (the declaration wins).
    """

    raws: tuple[str, ...]
    copyrights: tuple[str, ...]
    precedence: str
    source: str
    line: int = 0


@dataclass(frozen=True)
class Table:
    """One [[annotations]] table of a REUSE.toml, with the folder it counts from."""

    folder: str
    globs: tuple[str, ...]
    declaration: Declaration

    def covers(self, path: str) -> bool:
        """Whether the table speaks of the path."""
        if self.folder and not path.startswith(self.folder + "/"):
            return False
        return matches(path.removeprefix(self.folder).removeprefix("/"), self.globs)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def read_tables(root: Path, paths: list[str]) -> tuple[list[Table], list[tuple[str, str]]]:
    """All tables of all REUSE.toml files, outer ones first, and (path, problem) of unusable ones."""
    tables: list[Table] = []
    problems: list[tuple[str, str]] = []
    for path in sorted(paths, key=lambda name: (name.count("/"), name)):
        try:
            data = (root / path).read_bytes()[:_MAX_BYTES]
            given = tomllib.loads(data.decode("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append((path, f"REUSE.toml cannot be used: {error}"))
            continue
        folder = "" if "/" not in path else path.rsplit("/", 1)[0]
        tables.extend(_table(path, folder, entry) for entry in given.get("annotations", []))
    return tables, problems


def _table(path: str, folder: str, entry: Mapping[str, Any]) -> Table:
    declaration = Declaration(
        raws=_texts(entry.get("SPDX-License-Identifier")),
        copyrights=_texts(entry.get("SPDX-FileCopyrightText")),
        precedence=str(entry.get("precedence", "closest")),
        source=path,
    )
    return Table(folder, _texts(entry.get("path")), declaration)


def declaration_for(path: str, tables: list[Table]) -> Declaration | None:
    """The table that counts: within a file the last that fits; an outer override before anything inner."""
    fitting = [table for table in tables if table.covers(path)]
    if not fitting:
        return None
    overrides = [table for table in fitting if table.declaration.precedence == "override"]
    if overrides:
        outermost = min(table.folder.count("/") + bool(table.folder) for table in overrides)
        return [t for t in overrides if t.folder.count("/") + bool(t.folder) == outermost][-1].declaration
    return fitting[-1].declaration


def sidecar_of(path: str) -> str | None:
    """The file that a `.license` sidecar speaks for."""
    return path.removesuffix(SIDECAR) if path.endswith(SIDECAR) and PurePosixPath(path).name != SIDECAR else None
