# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The whole chain of evidence for one file: what was read, how its licence follows, what was decided."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from keima_audit.dependencies import Package, needs_of
from keima_audit.expressions import Term, terms
from keima_audit.licenses import nodes_of, second_opinion
from keima_audit.report import Report
from keima_audit.rules import Finding
from keima_audit.verdicts import Subject, Usage, exception_for


def explain_file(report: Report, path: str) -> list[str]:
    """The evidence for a file as lines; none for a path that the tree does not have."""
    found = [item for item in report.resolved if item.path == path]
    if not found:
        return []
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
        lines += _about(term, report, Subject(path, item.use, path))
    return lines + _verdicts([finding for finding in report.findings if finding.path == path])


def explain_package(report: Report, name: str) -> list[str]:
    """The evidence for a dependency as lines; none for a package that the project does not need."""
    packages = needs_of(report.root, [item.path for item in report.resolved], report.policy, Usage()).packages
    found = [package for package in packages if canonicalize_name(package.name) == canonicalize_name(name)]
    if not found:
        return []
    package = found[0]
    lines = [
        f"{package.name} {package.version or '(not installed here)'}",
        f"  needed by {_way(package, packages)}, read from {package.origin}",
        f"  use       {package.use}",
        f"  licence   {package.license or 'not known'}",
        f"  because   {package.because or 'no package metadata can be read'}",
    ]
    for node in nodes_of((package.license,)):
        for term in terms(node):
            lines += _about(term, report, Subject(package.name, package.use, package=package.name))
    about = [finding for finding in report.findings if finding.package == package.name]
    return lines + _verdicts(about)


def _way(package: Package, packages: list[Package]) -> str:
    """Who needs it, and who needs that one, up to the project."""
    by_name = {other.name: other for other in packages}
    way = [package.via]
    while way[-1] in by_name and len(way) <= len(packages):
        way.append(by_name[way[-1]].via)
    return ", which is needed by ".join(way)


def _verdicts(findings: list[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        state = f"waived by {finding.waived}" if finding.waived else finding.severity
        lines.append(f"  verdict   {finding.rule} ({state}): {finding.message}")
        if not finding.waived:
            lines.append(f"    to do: {finding.hint}")
    return lines or ["  verdict   nothing speaks against it"]


def _about(term: Term, report: Report, subject: Subject) -> list[str]:
    catalogue = report.policy.catalogue
    facts = catalogue.facts_of(term)
    exception = exception_for(term, subject, report.policy)
    excepted = f"; excepted by audit.toml:{exception.line}: {exception.get('reason')}" if exception else ""
    if facts is None:
        return [f"  {term}: nobody has classified it{excepted}"]
    line = report.policy.allowed[subject.use].get(term)
    allowed = f"allowed by audit.toml:{line}" if line else f"not in [use.{subject.use}]{excepted}"
    lines = [f"  {term}: {facts.family}, reach {facts.scope}, patents {facts.patent}; {allowed}; {facts.link}"]
    for outbound in terms(report.policy.outbound):
        verdict = catalogue.compatibility(term, outbound)
        if verdict is not None:
            other = second_opinion(term, outbound)
            beside = f" (OSADL's matrix: {other})" if other else ""
            lines.append(f"    into {outbound}: {verdict.verdict}. {verdict.reason} {verdict.link}{beside}")
    lines += [f"    owes: {o.says}" for o in catalogue.obligations_for(term, subject.use)]
    return lines
