# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""May this licence be used here? Answered from the policy, the licence facts and their reasons."""

from __future__ import annotations

from dataclasses import dataclass, field

from keima_audit.expressions import Node, Term, alternatives, has_choice, nearest, scancode_category, terms
from keima_audit.licenses import Catalogue, expression_of
from keima_audit.policy import Entry, Policy
from keima_audit.rules import Finding

COMBINED = ("source", "binary")
"""The uses in which a part becomes one work with the project, so that licences have to fit each other."""


@dataclass
class Usage:
    """Which entries of the policy decided something; what never does is reported as unused."""

    allowed: set[tuple[str, Term]] = field(default_factory=set)
    entries: set[tuple[str, int]] = field(default_factory=set)

    def mark(self, table: str, entry: Entry) -> None:
        """Remember that an entry was needed."""
        self.entries.add((table, entry.line))


@dataclass(frozen=True)
class Subject:
    """What is judged: a file, a package or a bundled library."""

    name: str
    use: str
    path: str = ""
    line: int = 0
    sha256: str = ""
    evidence: tuple[str, ...] = ()
    package: str = ""


def chosen(node: Node, policy: Policy, usage: Usage) -> tuple[Node, bool]:
    """The expression after recorded choices, and whether an unrecorded choice is left."""
    if not has_choice(node):
        return node, False
    for entry in policy.entries["choice"]:
        offered = frozenset(alternatives(expression_of(entry.get("expression"))))
        if offered == frozenset(alternatives(node)):
            usage.mark("choice", entry)
            return expression_of(entry.get("choose")), False
    return node, True


def judge(node: Node, subject: Subject, policy: Policy, usage: Usage) -> list[Finding]:
    """What speaks against using `node` as the subject does; empty if nothing does."""
    settled, open_choice = chosen(node, policy, usage)
    # What the project itself offers a choice between is not for the project to choose.
    if not open_choice or settled == policy.outbound:
        return _judge_all(frozenset(terms(settled)), subject, policy, usage)
    verdicts = [(option, _judge_all(option, subject, policy, usage)) for option in alternatives(settled)]
    passing = [option for option, findings in verdicts if not findings]
    if not passing:
        return min((findings for _, findings in verdicts), key=len)
    best = " AND ".join(sorted(map(str, passing[0])))
    return [_finding("choice-unrecorded", subject, f"{settled} offers a choice; {best} would be allowed", str(settled))]


def _judge_all(option: frozenset[Term], subject: Subject, policy: Policy, usage: Usage) -> list[Finding]:
    return [
        finding for term in sorted(option, key=str) if (finding := _judge_one(term, subject, policy, usage)) is not None
    ]


def _judge_one(term: Term, subject: Subject, policy: Policy, usage: Usage) -> Finding | None:
    facts = policy.catalogue.facts_of(term)
    exception = exception_for(term, subject, policy)
    if exception is not None:
        usage.mark("exception", exception)
        return None
    if facts is None:
        return _finding("license-unclassified", subject, f"{term} has not been classified{_hint(term)}", str(term))
    line = policy.allowed.get(subject.use, {}).get(term)
    if line is None:
        known = f"{facts.family}, reach: {facts.scope}; {facts.link}"
        return _finding(
            "license-not-allowed",
            subject,
            f"{term} is not allowed for use {subject.use!r} ({known})",
            str(term),
        )
    usage.allowed.add((subject.use, term))
    return _incompatible(term, subject, policy, line)


def _incompatible(term: Term, subject: Subject, policy: Policy, line: int) -> Finding | None:
    if subject.use not in COMBINED:
        return None
    for outbound in terms(policy.outbound):
        verdict = policy.catalogue.compatibility(term, outbound)
        if verdict is not None and verdict.verdict == "no" and not _stands_alone(term, subject, policy.catalogue):
            message = f"{term} inside a work under {outbound}: {verdict.reason} {verdict.link}"
            return _finding("license-incompatible", subject, message, str(term), line)
    return None


def _stands_alone(term: Term, subject: Subject, catalogue: Catalogue) -> bool:
    """A vendor's binary lies beside the work in a wheel and is passed on under its own terms."""
    facts = catalogue.facts_of(term)
    return facts is not None and facts.family == "proprietary" and subject.use == "binary"


def exception_for(term: Term, subject: Subject, policy: Policy) -> Entry | None:
    """The [[exception]] of the policy that lets a subject be under this licence."""
    for entry in policy.entries["exception"]:
        fits = entry.covers(subject.path) if entry.paths else entry.get("package") == subject.package
        if fits and term in entry.terms and entry.get("use", subject.use) == subject.use:
            return entry
    return None


def _hint(term: Term) -> str:
    category = scancode_category(term.license)
    if category:
        return f" (ScanCode files it under {category!r})"
    close = nearest(term.license)
    return f" (nearest names: {', '.join(close)})" if close else ""


def _finding(rule: str, subject: Subject, message: str, term: str, config: int = 0) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        path=subject.path,
        line=subject.line,
        sha256=subject.sha256,
        subject=term,
        config=config,
        evidence=subject.evidence,
    )
