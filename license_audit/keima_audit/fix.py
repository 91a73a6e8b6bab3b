# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Adds SPDX headers, by running `reuse annotate` as a process, and puts new ids in the place of deprecated ones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keima_audit.detect.decoding import decode
from keima_audit.detect.scan import OWN
from keima_audit.errors import EnvironmentBrokenError
from keima_audit.expressions import modern
from keima_audit.report import Report
from keima_cli.atomic import explained, open_atomic

_CODE = {
    ".py",
    ".pyi",
    ".c",
    ".cc",
    ".cpp",
    ".cu",
    ".cuh",
    ".h",
    ".hpp",
    ".inc",
    ".cmake",
    ".sh",
    ".js",
    ".ts",
}
_TAG = "SPDX-License-" + "Identifier:"  # in two parts: this is no tag of ours
_BATCH = 200
"""Files a process is given at once; a command line is limited."""


@dataclass(frozen=True)
class Correction:
    """A tag on a line that gets another expression."""

    path: str
    line: int
    old: str
    new: str


def corrections(report: Report) -> list[Correction]:
    """Tags of the project's own files with deprecated ids. Vendored files stay as their authors wrote them."""
    return [
        Correction(item.path, match.start, match.raw, new)
        for item in report.resolved
        if not item.vendored and item.third_party is None and item.facts.scan.kind == "text"
        for match in item.facts.scan.own
        if match.origin == "tag" and (new := modern(match.raw)) is not None
    ]


def correct(root: Path, wanted: list[Correction]) -> list[Correction]:
    """Write the corrections and return those that could not be made: the file has changed, or its encoding is mixed."""
    return [correction for correction in wanted if not _correct(root / correction.path, correction)]


def _correct(path: Path, correction: Correction) -> bool:
    with explained(path, "read"):
        data = path.read_bytes()
    decoded = decode(data)
    if decoded is None or decoded[0].encode(decoded[1], "replace") != data:
        return False
    lines = decoded[0].splitlines(keepends=True)
    if correction.line > len(lines):
        return False
    before, tag, after = lines[correction.line - 1].partition(_TAG)
    if correction.old not in after:
        return False
    lines[correction.line - 1] = before + tag + after.replace(correction.old, correction.new, 1)
    with open_atomic(path, mode=path.stat().st_mode & 0o7777) as file:
        file.write("".join(lines).encode(decoded[1]))
    return True


def headerless(report: Report) -> list[str]:
    """Published code files of the project itself that state no licence of their own, not even a broken one."""
    return [
        item.path
        for item in report.resolved
        if item.how == "inherited"
        and not item.vendored
        and item.use == "source"
        and PurePosixPath(item.path).suffix in _CODE
        and not any(match.origin in (*OWN, "partial") for match in item.facts.scan.matches)
        and not any(remark.code == "generated" for remark in item.facts.scan.remarks)
    ]


def annotate(root: Path, paths: list[str], license_text: str, holder: str, command: str = "reuse") -> None:
    """Write the headers. Raises `EnvironmentBrokenError` when reuse is missing or refuses."""
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        arguments = ["annotate", "--license", license_text, "--copyright", holder, "--skip-unrecognised", "--", *batch]
        try:
            done = subprocess.run(
                [command, "--root", ".", *arguments], cwd=root, capture_output=True, text=True, check=False
            )
        except FileNotFoundError as error:
            raise EnvironmentBrokenError("there is no command `reuse`", hint="pip install reuse") from error
        if done.returncode != 0:
            raise EnvironmentBrokenError(f"reuse annotate: {done.stderr.strip()[:500]}")
