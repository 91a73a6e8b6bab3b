# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Prints a report for people."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.text import Text

from keima_audit.report import Report
from keima_audit.rules import Finding, rules

_STYLE = {"error": "bold red", "warning": "yellow", "note": "dim"}


def print_report(report: Report, console: Console, *, notes: bool = False) -> None:
    """Findings by file, then one line of summary."""
    shown = [finding for finding in report.open if notes or finding.severity != "note"]
    for path, group in groupby(shown, key=lambda finding: finding.path):
        console.print(Text(path or "(the project)", style="bold"))
        for finding in group:
            _print_finding(finding, console)
    counted = report.count()
    waived = len(report.findings) - len(report.open)
    files = len(report.resolved)
    summary = f"{files} files, {counted['error']} errors, {counted['warning']} warnings, {counted['note']} notes"
    console.print(f"{summary}, {waived} waived; detector {report.detector}", highlight=False)


def _print_finding(finding: Finding, console: Console) -> None:
    where = f"{finding.line}: " if finding.line else ""
    line = Text(f"  {where}")
    line.append(f"{finding.severity} {finding.rule}", style=_STYLE[finding.severity])
    line.append(f": {rules()[finding.rule].title}. {finding.message}")
    console.print(line, soft_wrap=True)
    console.print(Text(f"      {finding.hint}", style="dim"), soft_wrap=True)
