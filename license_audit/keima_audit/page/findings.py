# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The findings on the page: by rule, each with its reason, the lines that it rests on, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from keima_audit.excerpts import matched
from keima_audit.expressions import terms
from keima_audit.licenses import nodes_of
from keima_audit.page.markup import Markup, items, lines_of, link, linked, prose, table, tag
from keima_audit.report import Report
from keima_audit.resolve import Resolved
from keima_audit.rules import SEVERITIES, Finding, rules
from keima_cli.errors import BrokenInputError

_EXCERPT_LINES = 14
_MOST_EXCERPTS = 500
"""Findings whose lines are shown; a report on an unprepared tree can have thousands."""


def open_findings(report: Report) -> Markup:
    """Every open finding, the worst rules first; notes are listed at the end."""
    found = sorted(report.open, key=lambda f: (-SEVERITIES.index(f.severity), f.rule, f.sort_key))
    if not found:
        return tag("p", "None: nothing that was read speaks against the policy.")
    resolved = {item.path: item for item in report.resolved}
    written: list[str] = []
    shown = 0
    for (severity, rule), group in groupby(found, key=lambda f: (f.severity, f.rule)):
        listed = list(group)
        about = rules()[rule]
        title = Markup(f"{tag('span', severity, kind=severity)}: {tag('span', about.title)} ({len(listed)})")
        written += [tag("h3", title, id=f"{severity}-{rule}"), tag("p", prose(f"What to do: {about.help}"))]
        rows = []
        for finding in listed:
            item = resolved.get(finding.path)
            lines = Markup("")
            if shown < _MOST_EXCERPTS and item is not None and item.facts.scan.matches:
                lines = _lines(report, item, finding.line)
                shown += 1
            rows.append((tag("code", _place(finding)), _said(report, finding, lines)))
        written.append(table(("Place", "What was found, and the text it rests on"), rows, kind="findings"))
    return Markup("\n".join(written))


def _place(finding: Finding) -> str:
    place = finding.path or "(the project)"
    return f"{place}:{finding.line}" if finding.line else place


def _said(report: Report, finding: Finding, lines: Markup) -> Markup:
    parts = [linked(finding.message), items(finding.evidence), lines]
    if finding.hint and finding.hint != rules()[finding.rule].help:
        parts.append(tag("p", prose(finding.hint)))
    parts.append(_links(report, finding))
    if finding.config:
        parts.append(tag("p", f"See audit.toml, line {finding.config}.", kind="dim"))
    return Markup("".join(parts))


def _lines(report: Report, item: Resolved, line: int) -> Markup:
    try:
        excerpt = matched(report.root, item, line, most=_EXCERPT_LINES)
    except BrokenInputError:
        return tag("p", "The file could not be read again for this page.")
    return Markup("") if excerpt is None else lines_of(excerpt)


def _links(report: Report, finding: Finding) -> Markup:
    """Where the text of each licence that the finding is about can be read."""
    found = []
    for node in nodes_of((finding.subject,)):
        for term in terms(node):
            facts = report.policy.catalogue.facts_of(term)
            if facts is not None:
                found.append(link(facts.link, f"The text of {term}"))
    return tag("p", Markup("; ".join(found))) if found else Markup("")


def waived(findings: Sequence[Finding]) -> Markup:
    """What a person accepted, and who."""
    rows = [
        (tag("code", _place(f)), rules()[f.rule].title, linked(f.message), linked(f.waived))
        for f in findings
        if f.waived
    ]
    return table(("Place", "Rule", "What was found", "Accepted by, and why"), rows, kind="findings")
