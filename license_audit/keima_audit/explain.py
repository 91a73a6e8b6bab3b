# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The whole chain of evidence for one file: what was read, how its licence follows, what was decided."""

from __future__ import annotations

from keima_audit.errors import UsageError
from keima_audit.expressions import Term, terms
from keima_audit.licenses import second_opinion
from keima_audit.report import Report


def explain_file(report: Report, path: str) -> list[str]:
    """The evidence as lines. Raises `UsageError` for a path that the tree does not have."""
    found = [item for item in report.resolved if item.path == path]
    if not found:
        raise UsageError(f"{path}: the tree has no such file", hint="a path below the root, with forward slashes")
    item = found[0]
    lines = [
        path,
        f"  content   sha256 {item.facts.sha256}, {item.facts.scan.kind}, {item.role}",
        f"  use       {item.use}",
        f"  licence   {item.node if item.node is not None else 'none'} ({item.how})",
    ]
    lines += [f"  because   {line}" for line in item.evidence]
    for match in item.facts.scan.matches:
        lines.append(f"  matched   {match.start}-{match.end} {match.origin} {match.raw or '?'} by {match.rule}")
    lines += [f"  says      {line}" for line in item.facts.scan.copyrights]
    for term in terms(item.node) if item.node is not None else ():
        lines += _about(term, report, item.use)
    for finding in report.findings:
        if finding.path == path:
            state = f"waived by {finding.waived}" if finding.waived else finding.severity
            lines.append(f"  verdict   {finding.rule} ({state}): {finding.message}")
    if not any(finding.path == path for finding in report.findings):
        lines.append("  verdict   nothing speaks against it")
    return lines


def _about(term: Term, report: Report, use: str) -> list[str]:
    catalogue = report.policy.catalogue
    facts = catalogue.facts_of(term)
    if facts is None:
        return [f"  {term}: nobody has classified it"]
    line = report.policy.allowed[use].get(term)
    allowed = f"allowed by audit.toml:{line}" if line else f"not in [use.{use}]"
    lines = [f"  {term}: {facts.family}, reach {facts.scope}, patents {facts.patent}; {allowed}; {facts.link}"]
    for outbound in terms(report.policy.outbound):
        verdict = catalogue.compatibility(term, outbound)
        if verdict is not None:
            other = second_opinion(term, outbound)
            beside = f" (OSADL's matrix: {other})" if other else ""
            lines.append(f"    into {outbound}: {verdict.verdict}. {verdict.reason} {verdict.link}{beside}")
    lines += [f"    owes: {o.says}" for o in catalogue.obligations_for(term, use)]
    return lines
