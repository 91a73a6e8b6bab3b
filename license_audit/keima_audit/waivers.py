# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Waivers and the baseline: findings that a person accepted, and findings that were there before.

A waiver names rule, path and the content's hash. It holds through its expiry day in UTC. When the day has
passed, or the file has changed, the finding returns and the waiver is named; an unused one is reported.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

from keima_audit.errors import UsageError
from keima_audit.paths import pattern
from keima_audit.policy import Entry, Policy, expiry
from keima_audit.rules import Finding

_LAYOUT = 1


def apply_waivers(findings: list[Finding], policy: Policy, today: date) -> list[Finding]:
    """Mark what is waived; add what is wrong with the waivers themselves. `today` is in UTC."""
    used: set[int] = set()
    judged = [_apply(finding, policy, today, used) for finding in findings]
    extra = [note for finding, notes in judged for note in notes]
    unused = [
        Finding("waiver-unused", f"no finding {entry.get('rule')} at {entry.get('path')}", config=entry.line)
        for entry in policy.entries["waiver"]
        if entry.line not in used
    ]
    return [finding for finding, _ in judged] + list(dict.fromkeys(extra)) + unused


def _apply(finding: Finding, policy: Policy, today: date, used: set[int]) -> tuple[Finding, list[Finding]]:
    notes = []
    for entry in policy.entries["waiver"]:
        if not fits(entry, finding):
            continue
        used.add(entry.line)
        problem = _problem(entry, finding, today)
        if problem is None:
            by = f"{entry.get('reviewer')}: {entry.get('reason')}, {' '.join(entry.get('text').split())}"
            return replace(finding, waived=by, config=entry.line), []
        rule, message = problem
        notes.append(Finding(rule, message, finding.path, config=entry.line, sha256=finding.sha256))
    return finding, notes


def fits(entry: Entry, finding: Finding) -> bool:
    """Whether a waiver is about this finding, whatever its day and hash.

    Many dependencies share the manifest's path: a waiver for one of them names it, and the licence that it is for.
    """
    if entry.get("rule") != finding.rule or not pattern(entry.get("path")).match(finding.path):
        return False
    if entry.get("package", "") != finding.package:
        return False
    return bool(entry.get("subject", "" if finding.package else finding.subject) == finding.subject)


def _problem(entry: Entry, finding: Finding, today: date) -> tuple[str, str] | None:
    if today > expiry(entry):
        return "waiver-expired", f"the waiver for {finding.rule} held through {expiry(entry)} (UTC)"
    pinned = entry.get("sha256")
    if finding.sha256 and not pinned:
        return (
            "waiver-stale",
            f'the waiver for {finding.rule} pins no content: add sha256 = "{finding.sha256}"',
        )
    if not pinned and finding.subject and "subject" not in entry.values and not finding.package:
        # Nothing pins what was accepted: without its name, the next licence at this place would be accepted too.
        subject = json.dumps(finding.subject, ensure_ascii=False)
        return (
            "waiver-stale",
            f"the waiver for {finding.rule} pins neither content nor subject: add subject = {subject}",
        )
    if pinned and finding.sha256 != pinned:
        return (
            "waiver-stale",
            f"the waiver for {finding.rule} is for content {pinned[:12]}, this is {finding.sha256[:12]}",
        )
    return None


def baseline_text(findings: list[Finding]) -> str:
    """The baseline file for the findings as they are now."""
    counted = Counter(finding.shared().fingerprint for finding in findings if not finding.waived)
    about = {f.shared().fingerprint: f"{f.rule} {f.path}" for f in sorted(findings, key=lambda f: f.sort_key)}
    entries = [{"finding": about[key], "id": key, "count": counted[key]} for key in counted]
    entries.sort(key=lambda entry: (str(entry["finding"]), str(entry["id"])))
    return json.dumps({"layout": _LAYOUT, "findings": entries}, indent=1, ensure_ascii=False) + "\n"


def apply_baseline(findings: list[Finding], path: Path) -> list[Finding]:
    """Mark the findings that the baseline knows. Raises `UsageError` for a file that is none."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        left = Counter({str(entry["id"]): int(entry["count"]) for entry in given["findings"]})
        if given["layout"] != _LAYOUT:
            raise KeyError(f"layout {given['layout']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: no baseline of this version: {error}", hint="keima audit baseline") from error
    marked = []
    for finding in findings:
        key = finding.shared().fingerprint
        if not finding.waived and left[key] > 0:
            left[key] -= 1
            finding = replace(finding, waived="baseline: it was there before")
        marked.append(finding)
    return marked
