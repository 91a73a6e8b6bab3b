# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The audit's rules and the findings they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from keima_audit.datafiles import load_table

SEVERITIES = ("note", "warning", "error")


@dataclass(frozen=True)
class Rule:
    """One rule: its id, default severity, what it means and what to do."""

    id: str
    severity: str
    title: str
    help: str


@dataclass(frozen=True)
class Finding:
    """Something that the audit says about one place.

    `sha256` is the content the finding rests on, where it rests on a file: waivers are pinned to it. `config`
    is the line of audit.toml that decided, or 0. `evidence` is the chain from file to verdict, in sentences.
    """

    rule: str
    message: str
    path: str = ""
    line: int = 0
    severity: str = ""
    hint: str = ""
    sha256: str = ""
    config: int = 0
    subject: str = ""
    evidence: tuple[str, ...] = ()
    waived: str = ""

    @property
    def sort_key(self) -> tuple[str, int, str, str]:
        """Findings are reported in this order on every machine."""
        return (self.path, self.line, self.rule, self.message)


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id."""
    return {
        key: Rule(key, entry["severity"], entry["title"], entry["help"])
        for key, entry in load_table("rules.toml")["rule"].items()
    }
