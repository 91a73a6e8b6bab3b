# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What can be answered to a finding, and the entry of `audit.toml` that each answer becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from keima_audit.policy import Entry, Policy
from keima_audit.policy_writer import Change
from keima_audit.report import Report
from keima_audit.resolve import Resolved
from keima_audit.rules import SEVERITIES, Finding
from keima_audit.waivers import fits

CLARIFIABLE = frozenset(
    {
        "binary-undeclared",
        "choice-unrecorded",
        "generated-source-missing",
        "license-incompatible",
        "license-not-allowed",
        "license-unclassified",
        "needs-review",
        "weights-without-license",
    }
)
"""Rules whose findings go away when a person says what the file's licence is."""
ABOUT_THE_POLICY = frozenset({"clarification-stale", "entry-unused", "waiver-expired", "waiver-stale", "waiver-unused"})
"""Findings about what was decided before: they go with the decision, or with the finding that it was about."""
_SPECIAL = re.compile(r"[*?\\]")
_UNWRITABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Signature:
    """Who decides, and how long a waiver of his holds."""

    reviewer: str
    expires: date
    ticket: str = ""


def questions(report: Report, skipped: frozenset[str] = frozenset()) -> list[Finding]:
    """The open findings that a person can answer, the worst first; without those whose fingerprint is skipped."""
    asked = [f for f in report.open if f.severity != "note" and f.rule not in ABOUT_THE_POLICY - {"waiver-unused"}]
    asked += [f for f in report.open if f.rule == "entry-unused" and unused_entry(report.policy, f)]
    left = [f for f in asked if f.shared().fingerprint not in skipped]
    return sorted(left, key=lambda f: (-SEVERITIES.index(f.severity), f.sort_key))


def offers(finding: Finding, item: Resolved | None) -> tuple[str, ...]:
    """What can be done about it: choose | met | clarify | waive | remove."""
    if finding.rule in ("waiver-unused", "entry-unused"):
        return ("remove",)
    own = {"choice-unrecorded": ("choose",), "obligation-unmet": ("met",)}.get(finding.rule, ())
    clarify = finding.rule in CLARIFIABLE and item is not None and not _UNWRITABLE.search(item.path)
    return (*own, *(("clarify",) if clarify else ()), "waive")


def alike(finding: Finding, report: Report) -> list[Finding]:
    """The other open findings of the same rule about the same licence or thing."""
    return [
        other
        for other in report.open
        if other != finding and (other.rule, other.subject) == (finding.rule, finding.subject) and finding.subject
    ]


def waiver(findings: list[Finding], policy: Policy, reason: str, text: str, by: Signature) -> Change:
    """A waiver for each finding; those that it takes the place of (expired, or for older content) go."""
    added: list[tuple[str, Mapping[str, Any]]] = []
    dropped: list[tuple[str, Entry]] = []
    for finding in findings:
        values: dict[str, Any] = {"rule": finding.rule, "path": exactly(finding.path)}
        if finding.sha256:
            values["sha256"] = finding.sha256
        if finding.package:
            values["package"] = finding.package
        if finding.subject and (finding.package or not finding.sha256):
            values["subject"] = finding.subject
        values |= {"reason": reason, "text": text, "reviewer": by.reviewer, "expires": by.expires}
        if by.ticket:
            values["ticket"] = by.ticket
        if ("waiver", values) not in added:
            added.append(("waiver", values))
        # A pattern for many files stays: it may still serve the others.
        dropped += [
            ("waiver", old)
            for old in policy.entries["waiver"]
            if fits(old, finding) and old.get("path") == exactly(finding.path) and ("waiver", old) not in dropped
        ]
    return Change(added, dropped)


def clarification(item: Resolved, policy: Policy, license_text: str, reason: str, reviewer: str) -> Change:
    """What the content of a file is, pinned to its hash; an earlier word on the same path goes."""
    values = {
        "path": item.path,
        "sha256": item.facts.sha256,
        "license": license_text,
        "reason": reason,
        "reviewer": reviewer,
    }
    old = [("clarification", entry) for entry in policy.entries["clarification"] if entry.get("path") == item.path]
    return Change([("clarification", values)], old)


def choice(expression: str, chosen: str, reason: str) -> Change:
    """Which of the offered licences the project takes."""
    return Change([("choice", {"expression": expression, "choose": chosen, "reason": reason})])


def met(finding: Finding, how: str) -> Change:
    """How the obligation that a finding names is met."""
    license_text, _, obligation = finding.subject.rpartition(" ")
    return Change([("met", {"obligation": obligation, "license": license_text, "how": how})])


def removal(policy: Policy, finding: Finding) -> Change:
    """The entry that a finding is about goes."""
    found = unused_entry(policy, finding)
    assert found is not None, "a removal is offered only for an entry that was found"
    return Change(dropped=[found])


def unused_entry(policy: Policy, finding: Finding) -> tuple[str, Entry] | None:
    """The array of tables and the entry on the line of audit.toml that a finding names."""
    for table, entries in policy.entries.items():
        for entry in entries:
            if entry.line == finding.config:
                return table, entry
    return None


def exactly(path: str) -> str:
    """The pattern that fits one path and no other; `?` stands for a character that TOML cannot hold."""
    return _UNWRITABLE.sub("?", _SPECIAL.sub(lambda found: "\\" + found.group(), path))
