# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A report as JSON, SARIF 2.1.0, JUnit XML and offline HTML. The same report gives the same bytes."""

from __future__ import annotations

import html
import json
import xml.etree.ElementTree as ET
from collections import Counter
from typing import Any
from urllib.parse import quote

from keima_audit.report import Report
from keima_audit.rules import Finding, rules
from keima_audit.waivers import fingerprint

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(report: Report) -> str:
    """Every finding and the licence of every file, with the evidence for both."""
    document = {
        "detector": report.detector,
        "passes": not report.failing,
        "open": dict(sorted(report.count().items())),
        "findings": [_finding(finding) for finding in report.findings],
        "files": [
            {
                "path": item.path,
                "sha256": item.facts.sha256,
                "license": str(item.node) if item.node is not None else None,
                "how": item.how,
                "use": item.use,
            }
            for item in report.resolved
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "hint": finding.hint,
        "sha256": finding.sha256,
        "config_line": finding.config,
        "evidence": list(finding.evidence),
        "waived": finding.waived,
        "id": fingerprint(finding),
    }


def as_sarif(report: Report) -> str:
    """SARIF 2.1.0; waived findings are suppressed results, so that viewers still know of them."""
    used = sorted({finding.rule for finding in report.findings})
    described = [
        {
            "id": name,
            "shortDescription": {"text": rules()[name].title},
            "help": {"text": rules()[name].help},
            "defaultConfiguration": {"level": rules()[name].severity},
        }
        for name in used
    ]
    driver = {
        "name": "keima-audit",
        "informationUri": "https://pypi.org/project/keima/",
        "rules": described,
    }
    results = [_result(finding, used.index(finding.rule)) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path or ".")}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.message}\n{finding.hint}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"keimaAudit/v1": fingerprint(finding)},
    }
    if finding.waived:
        result["suppressions"] = [{"kind": "external", "justification": finding.waived}]
    return result


def as_junit(report: Report) -> str:
    """JUnit XML: one test case a finding; errors fail, what is waived is skipped."""
    failing = set(report.failing)
    suite = ET.Element("testsuite", name="keima audit", tests=str(max(len(report.findings), 1)))
    suite.set("failures", str(len(failing)))
    suite.set("skipped", str(len(report.findings) - len(report.open)))
    for finding in report.findings:
        name = f"{finding.rule}:{finding.line}" if finding.line else finding.rule
        case = ET.SubElement(suite, "testcase", classname=_clean(finding.path or "project"), name=name)
        if finding.waived:
            ET.SubElement(case, "skipped", message=_clean(finding.waived))
        elif finding in failing:
            ET.SubElement(case, "failure", message=_clean(finding.message)).text = _clean(finding.hint)
    if not report.findings:
        ET.SubElement(suite, "testcase", classname="project", name="no findings")
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to write."""
    return "".join(c if c >= " " or c in "\t\n" else "\ufffd" for c in text.encode("utf-8", "replace").decode())


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


FORMATS = {"json": as_json, "sarif": as_sarif, "junit": as_junit, "html": as_html}
