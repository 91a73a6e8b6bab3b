# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The report that a lawyer reads: one HTML page, offline and on paper."""

from __future__ import annotations

import html
from collections import Counter

from keima_audit.report import Report
from keima_audit.rules import Finding, rules

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#111}
table{border-collapse:collapse;width:100%;margin:1em 0}td,th{border:1px solid #999;padding:.3em .5em;
text-align:left;vertical-align:top}th{background:#eee}.error{color:#a00;font-weight:600}.warning{color:#850}
code{word-break:break-all}details{margin:.2em 0}@media print{details{display:block}details>*{display:block}}
"""


def as_html(report: Report) -> str:
    """One page without scripts or outside resources, to be read offline and printed."""
    counted = report.count()
    verdict = "does not pass" if report.failing else "passes"
    name = str(report.policy.project.get("name", report.root.name))
    waived = len(report.findings) - len(report.open)
    numbers = f"{counted['error']} errors, {counted['warning']} warnings, {waived} waived"
    outbound = f"The project is under <strong>{_h(str(report.policy.outbound))}</strong>."
    body = [
        f"<h1>Licence audit of {_h(name)}</h1>",
        f"<p>The audit <strong>{verdict}</strong>: {numbers}. {outbound}</p>",
        f"<p>Detector: {_h(report.detector)}.</p>",
        "<p>Each verdict names the text it rests on. It is a reading of licences, not legal advice.</p>",
        "<h2>Findings</h2>",
        _findings_table([finding for finding in report.open if finding.severity != "note"]),
        "<h2>Waived</h2>",
        _findings_table([finding for finding in report.findings if finding.waived]),
        "<h2>Licences in the tree</h2>",
        _license_table(report),
    ]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Licence audit of {_h(name)}</title>'
    return f"{head}<style>{_STYLE}</style><body>\n" + "\n".join(body) + "\n</body></html>\n"


def _h(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode())


def _findings_table(findings: list[Finding]) -> str:
    if not findings:
        return "<p>None.</p>"
    rows = []
    for finding in findings:
        place = f"{_h(finding.path)}:{finding.line}" if finding.line else _h(finding.path)
        why = "".join(f"<li>{_h(line)}</li>" for line in finding.evidence)
        evidence = f"<details open><summary>Evidence</summary><ul>{why}</ul></details>" if why else ""
        waived = f"<p>Waived by {_h(finding.waived)}</p>" if finding.waived else ""
        rows.append(
            f"<tr><td class='{finding.severity}'>{finding.severity}</td><td><code>{place}</code></td>"
            f"<td><strong>{_h(rules()[finding.rule].title)}</strong><br>{_h(finding.message)}{evidence}{waived}</td>"
            f"<td>{_h(finding.hint)}</td></tr>"
        )
    columns = ("Severity", "Place", "What was found, and on what it rests", "What to do")
    head = "<tr>" + "".join(f"<th>{column}</th>" for column in columns) + "</tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _license_table(report: Report) -> str:
    counted = Counter((str(item.node) if item.node else "none", item.use) for item in report.resolved)
    rows = "".join(
        f"<tr><td>{_h(license_name)}</td><td>{_h(use)}</td><td>{number}</td></tr>"
        for (license_name, use), number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    return f"<table><tr><th>Licence</th><th>Use</th><th>Files</th></tr>{rows}</table>"
