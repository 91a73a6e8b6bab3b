# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One audited state as far as it can be compared: what a report in JSON says, saved or just made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keima_audit.errors import UsageError
from keima_audit.formats import as_data
from keima_audit.report import Report
from keima_cli.atomic import explained

_LIMIT_BYTES = 512 << 20


@dataclass(frozen=True)
class Licensed:
    """The licence of a file in its use; `sha256` is its content."""

    license: str
    use: str
    sha256: str


@dataclass(frozen=True)
class Problem:
    """A finding without its place in the file and its content's hash: the same one before and after a change."""

    rule: str
    path: str
    about: str
    severity: str
    message: str


@dataclass(frozen=True)
class Snapshot:
    """Files by path; parts by (kind, name), each with its (version, licence, use); open findings."""

    name: str
    files: Mapping[str, Licensed]
    parts: Mapping[tuple[str, str], frozenset[tuple[str, str, str]]]
    problems: Mapping[tuple[str, str, str], Problem]


def of_report(name: str, report: Report) -> Snapshot:
    """The state that a report tells of."""
    return _snapshot(name, as_data(report))


def of_saved(path: Path) -> Snapshot:
    """The state that `keima audit --json` saved. Raises `UsageError` for a file that is no such report."""
    with explained(path, "read"), path.open("rb") as file:
        text = file.read(_LIMIT_BYTES + 1)
    try:
        if len(text) > _LIMIT_BYTES:
            raise ValueError(f"more than {_LIMIT_BYTES} bytes")
        return _snapshot(path.name, json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(
            f"{path}: expected a report of `keima audit --json`: {said}", hint="keima audit --json -o REPORT.json"
        ) from error


def _snapshot(name: str, data: Mapping[str, Any]) -> Snapshot:
    files = {
        str(file["path"]): Licensed(str(file["license"] or "none"), str(file["use"]), str(file["sha256"]))
        for file in data["files"]
    }
    parts: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for part in data["parts"]:
        key = (str(part["kind"]), str(part["name"]))
        parts.setdefault(key, set()).add((str(part["version"]), str(part["license"]), str(part["use"])))
    found = [_problem(finding) for finding in data["findings"] if not finding["waived"]]
    problems = {(problem.rule, problem.path, problem.about): problem for problem in found}
    return Snapshot(name, files, {key: frozenset(value) for key, value in parts.items()}, problems)


def _problem(finding: Mapping[str, Any]) -> Problem:
    content = str(finding["properties"].get("sha256", ""))
    about = str(finding["key"] or finding["message"]).replace(content, "").strip() if content else str(finding["key"])
    rule, path, severity = str(finding["rule"]), str(finding["path"]), str(finding["severity"])
    return Problem(rule, path, about, severity, str(finding["message"]))
