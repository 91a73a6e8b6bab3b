# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Entries of audit.toml that decided nothing: they are how a policy rots."""

from __future__ import annotations

from collections.abc import Iterator

from keima_audit.policy import Entry, Policy
from keima_audit.rules import Finding
from keima_audit.tree import Tree
from keima_audit.verdicts import Usage

_LOOKED_AT = ("exception", "choice", "third-party", "met", "clarification")


def hygiene_findings(tree: Tree, policy: Policy, usage: Usage) -> Iterator[Finding]:
    """Unused entries, and clarifications whose file has changed."""
    for table in _LOOKED_AT:
        for entry in policy.entries[table]:
            if (table, entry.line) not in usage.entries:
                yield _unused(table, entry, tree)
    for entry in policy.entries["paths"]:
        if not any(entry.covers(facts.path) for facts in tree.files):
            yield Finding("entry-unused", f"[[paths]] {', '.join(entry.paths)}", config=entry.line)
    # Only what a source tree can use up: binaries, weights and services are audited elsewhere.
    for term, line in policy.allowed["source"].items():
        if ("source", term) not in usage.allowed:
            yield Finding("entry-unused", f"[use.source] allows {term}, which nothing is under", config=line)


def _unused(table: str, entry: Entry, tree: Tree) -> Finding:
    facts = tree.file(entry.get("path")) if table == "clarification" else None
    if facts is not None and facts.sha256 != entry.get("sha256"):
        message = f"audit.toml:{entry.line} is for content {entry.get('sha256')[:12]}"
        return Finding("clarification-stale", message, facts.path, config=entry.line, sha256=facts.sha256)
    about = [entry.get(key) for key in ("path", "name", "package", "expression", "obligation") if entry.get(key)]
    return Finding("entry-unused", f"[[{table}]] {about[0]}", config=entry.line)
