# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A finished audit: findings in order, the licence of each file, and whether it passes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from keima_audit.hygiene import hygiene_findings
from keima_audit.nearcopy.findings import NearCopy, near_findings
from keima_audit.policy import Policy
from keima_audit.resolve import Resolved
from keima_audit.rules import SEVERITIES, Finding, rules
from keima_audit.tree import Tree
from keima_audit.tree_rules import tree_findings
from keima_audit.verdicts import Usage
from keima_audit.waivers import apply_baseline, apply_waivers


@dataclass(frozen=True)
class Part:
    """Something with a licence that is no file of the tree. kind: artefact | dependency | library."""

    kind: str
    name: str
    version: str
    license: str
    use: str


@dataclass(frozen=True)
class Report:
    """The result of one audit."""

    root: Path
    policy: Policy
    detector: str
    findings: tuple[Finding, ...]
    resolved: tuple[Resolved, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def open(self) -> tuple[Finding, ...]:
        """Findings that neither a waiver nor the baseline covers."""
        return tuple(finding for finding in self.findings if not finding.waived)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Open findings that are severe enough to fail, as `fail-on` says."""
        threshold = SEVERITIES.index(self.policy.project.get("fail-on", "error"))
        return tuple(f for f in self.open if SEVERITIES.index(f.severity) >= threshold)

    def count(self) -> Counter[str]:
        """Open findings by severity."""
        return Counter(finding.severity for finding in self.open)


def finish(
    findings: list[Finding],
    policy: Policy,
    today: date,
    baseline: Path | None = None,
) -> tuple[Finding, ...]:
    """Apply severities, waivers and the baseline, and put the findings in their order."""
    judged = apply_waivers(findings, policy, today)
    placed = [_placed(finding, policy) for finding in dict.fromkeys(judged)]
    if baseline is not None:
        placed = apply_baseline(placed, baseline)
    return tuple(sorted(placed, key=lambda finding: finding.sort_key))


def _placed(finding: Finding, policy: Policy) -> Finding:
    """With its severity and hint; a finding about the policy itself points at the policy's line."""
    rule = rules()[finding.rule]
    path, line = finding.path, finding.line
    if not path and finding.config:
        path, line = policy.path.name, finding.config
    severity = finding.severity or policy.severity_of(finding.rule)
    return replace(finding, path=path, line=line, severity=severity, hint=finding.hint or rule.help)


def audit(
    tree: Tree,
    policy: Policy,
    today: date,
    *,
    baseline: Path | None = None,
    only: frozenset[str] | None = None,
    extra: tuple[Finding, ...] = (),
    usage: Usage | None = None,
    copies: tuple[NearCopy, ...] = (),
) -> Report:
    """Judge a tree. With `only`, just those paths are reported. `extra` are findings of other parts."""
    usage = usage or Usage()
    found, resolved = tree_findings(tree, policy, usage)
    found += [*extra, *near_findings(copies, resolved)]
    if only is None:
        found += hygiene_findings(tree, policy, usage)
    else:
        found = [finding for finding in found if finding.path in only]
    findings = finish(found, policy, today, baseline)
    if only is not None:
        findings = tuple(finding for finding in findings if finding.rule != "waiver-unused")
    return Report(tree.root, policy, tree.detector, findings, resolved)
