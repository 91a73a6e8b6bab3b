# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The audit's rules and the findings they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from keima_audit.datafiles import load_table
from keima_cli import findings

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
    is the line of audit.toml that decided, or 0. `package` names the dependency that it is about. `evidence` is
    the chain from file to verdict, in sentences.
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
    package: str = ""
    evidence: tuple[str, ...] = ()
    waived: str = ""

    @property
    def sort_key(self) -> tuple[str, int, str, str]:
        """Findings are reported in this order on every machine."""
        return (self.path, self.line, self.rule, self.message)

    def shared(self) -> findings.Finding:
        """The finding as every command of Keima reports one.

        Its fingerprint is what makes it the same next time: rule, path, subject and content, never the line.
        """
        properties = {"sha256": self.sha256, "config_line": str(self.config or "")}
        return findings.Finding(
            rule=self.rule,
            message=self.message,
            severity=findings.Severity.parse(self.severity or rules()[self.rule].severity),
            path=writable(self.path),
            line=self.line,
            hint=self.hint,
            key=f"{self.subject or self.message} {self.sha256}".strip(),
            evidence=tuple(findings.Spot(message=sentence) for sentence in self.evidence),
            waived=self.waived,
            properties=tuple((name, value) for name, value in properties.items() if value),
        )


def writable(name: str) -> str:
    """A name that is no UTF-8 can be written to no report as it is: it gets replacement characters."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def shared_rules() -> list[findings.Rule]:
    """Every rule as the reports of all commands list it."""
    return [findings.Rule(r.id, r.title, r.help, findings.Severity.parse(r.severity)) for r in rules().values()]


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id."""
    return {
        key: Rule(key, entry["severity"], entry["title"], entry["help"])
        for key, entry in load_table("rules.toml")["rule"].items()
    }
