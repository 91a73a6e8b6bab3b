# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Findings for people: by file, then a line that sums up."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from keima_cli.findings.model import Finding, Report, Severity

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def print_findings(report: Report, console: Console, *, at_least: Severity = Severity.NOTE) -> None:
    """Print open findings that are at least that severe, and how many there are of each severity."""
    shown = [finding for finding in report.open if finding.severity >= at_least]
    titles = {rule.id: rule.title for rule in report.rules}
    for path, found in groupby(shown, key=lambda finding: finding.path):
        console.print(Text(path or "(the project)", style="bold"), soft_wrap=True)
        for finding in found:
            _print(finding, titles[finding.rule], console)
    console.print(Text(_summary(report)), soft_wrap=True)


def _print(finding: Finding, title: str, console: Console) -> None:
    numbers = ":".join(str(number) for number in (finding.line, finding.column) if number)
    line = Text(f"  {numbers}: " if numbers else "  ")
    line.append(f"{finding.severity} {finding.rule}", style=_STYLE[finding.severity])
    line.append(f": {title}. {finding.message}")
    console.print(line, soft_wrap=True)
    for spot in finding.evidence:
        console.print(Text(f"      {spot} {spot.message}".rstrip(), style="dim"), soft_wrap=True)
    if finding.hint:
        console.print(Text(f"      {finding.hint}", style="dim"), soft_wrap=True)


def _summary(report: Report) -> str:
    counted = report.count()
    parts = [f"{counted[s]} {s}{'' if counted[s] == 1 else 's'}" for s in reversed(Severity)]
    waived = len(report.findings) - len(report.open)
    return ", ".join([*parts, f"{waived} waived"])
