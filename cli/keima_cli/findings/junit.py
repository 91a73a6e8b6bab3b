# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""JUnit XML, which CI services show as test results: one test case a rule and path."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree

from keima_cli.findings.model import Finding, Report, Severity

# XML 1.0 has no way to write these characters, and file names may hold them.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report, fail_on: Severity = Severity.ERROR) -> str:
    """The report as a test suite; findings below `fail_on` do not fail their case.

    A rule that found nothing is a case that passed, and waived findings are skipped cases.
    """
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in report.findings:
        groups[finding.rule, finding.path].append(finding)
    for rule in sorted({rule.id for rule in report.rules} - {rule for rule, _ in groups}):
        groups[rule, ""] = []
    suite = ElementTree.Element("testsuite", name=report.tool)
    for (rule, path), found in sorted(groups.items()):
        _add_case(suite, rule, path, found, fail_on)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_case(suite: ElementTree.Element, rule: str, path: str, found: list[Finding], fail_on: Severity) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=f"{suite.get('name')}.{rule}", name=_text(path or rule))
    still_open = [finding for finding in found if not finding.waived]
    failing = [finding for finding in still_open if finding.severity >= fail_on]
    if failing:
        failure = ElementTree.SubElement(case, "failure", type=rule, message=_text(failing[0].message))
        failure.text = _text("\n".join(_line(finding) for finding in failing))
    elif still_open:
        output = ElementTree.SubElement(case, "system-out")
        output.text = _text("\n".join(_line(finding) for finding in still_open))
    elif found:
        ElementTree.SubElement(case, "skipped", message=_text(found[0].waived))


def _line(finding: Finding) -> str:
    where = f"{finding.spot}: " if finding.path else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return f"{where}{finding.severity}: {finding.message}{hint}"


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
