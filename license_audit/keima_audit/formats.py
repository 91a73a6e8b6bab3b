# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A report as text: for terminals, as JSON, SARIF, JUnit and HTML; the same bytes for the same report."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from rich.console import Console

from keima_audit.errors import UsageError
from keima_audit.page.document import as_html
from keima_audit.report import Report
from keima_audit.rules import shared_rules, writable
from keima_cli import findings
from keima_cli.findings import Severity


def shared_report(report: Report) -> findings.Report:
    """The findings as every command of Keima reports them."""
    found = (finding.shared() for finding in report.findings)
    return findings.Report.of("keima-audit", version("keima"), shared_rules(), found)


def as_data(report: Report) -> dict[str, Any]:
    """Every finding, the licence of every file with the evidence for both, and the other parts, as plain data."""
    files = [
        {
            "path": writable(item.path),
            "sha256": item.facts.sha256,
            "license": str(item.node) if item.node is not None else None,
            "how": item.how,
            "use": item.use,
            "evidence": list(item.evidence),
        }
        for item in report.resolved
    ]
    parts = [asdict(part) for part in report.parts]
    about = {"detector": report.detector, "passes": not report.failing, "files": files, "parts": parts}
    return shared_report(report).as_json() | about


def as_json(report: Report) -> str:
    """`as_data` as text; a name that is no UTF-8 gets replacement characters."""
    return json.dumps(as_data(report), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0; waived findings are suppressed results, so that viewers still know of them."""
    return findings.to_sarif(shared_report(report))


def as_junit(report: Report) -> str:
    """JUnit XML; what `fail-on` names fails."""
    return findings.to_junit(shared_report(report), Severity.parse(report.policy.project.get("fail-on", "error")))


def print_report(report: Report, console: Console, *, notes: bool = False) -> None:
    """Open findings by file, what was read, and how many findings there are."""
    findings.print_findings(shared_report(report), console, at_least=Severity.NOTE if notes else Severity.WARNING)
    console.print(f"{len(report.resolved)} files read; detector: {report.detector}", highlight=False, markup=False)


def as_text(report: Report, *, notes: bool = False) -> str:
    """What a terminal shows, without colours."""
    page = io.StringIO()
    print_report(report, Console(file=page, soft_wrap=True), notes=notes)
    return page.getvalue()


FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "junit": as_junit,
    "html": as_html,
}


def checked_format(name: str) -> str:
    """The format's name. Raises `UsageError` for one that there is not: before the work, not after it."""
    if name not in FORMATS:
        raise UsageError(f"--format {name!r} is none of {', '.join(FORMATS)}")
    return name
