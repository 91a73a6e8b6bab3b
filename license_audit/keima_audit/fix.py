# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Adds SPDX headers, by running `reuse annotate` as a process."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from keima_audit.errors import EnvironmentBrokenError
from keima_audit.report import Report

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
_BATCH = 200
"""Files a process is given at once; a command line is limited."""


def headerless(report: Report) -> list[str]:
    """Published code files of the project itself that state no licence of their own."""
    return [
        item.path
        for item in report.resolved
        if item.how == "inherited"
        and not item.vendored
        and item.use == "source"
        and PurePosixPath(item.path).suffix in _CODE
        and not any(match.origin == "partial" for match in item.facts.scan.matches)
    ]


def annotate(root: Path, paths: list[str], license_text: str, holder: str, command: str = "reuse") -> None:
    """Write the headers. Raises `EnvironmentBrokenError` when reuse is missing or refuses."""
    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        arguments = ["annotate", "--license", license_text, "--copyright", holder, "--", *batch]
        try:
            done = subprocess.run(
                [command, "--root", ".", *arguments], cwd=root, capture_output=True, text=True, check=False
            )
        except FileNotFoundError as error:
            raise EnvironmentBrokenError("there is no command `reuse`", hint="pip install reuse") from error
        if done.returncode != 0:
            raise EnvironmentBrokenError(f"reuse annotate: {done.stderr.strip()[:500]}")
