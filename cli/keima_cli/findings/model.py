# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The findings of a tool, independent of how they are written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from keima_cli.errors import ExitCode


class Severity(IntEnum):
    """How bad a finding is; a greater value is worse."""

    NOTE = 0
    WARNING = 1
    ERROR = 2

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Severity:
        """The severity that a configuration calls `note`, `warning` or `error`; raises ValueError."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"expected note, warning or error, got {word!r}") from None


@dataclass(frozen=True)
class Rule:
    """What a kind of finding means: `title` in a few words, `help` says what to do about it."""

    id: str
    title: str
    help: str
    severity: Severity = Severity.ERROR
    url: str = ""


@dataclass(frozen=True, order=True)
class Spot:
    """A place that bears on a finding: `path` relative to the root with forward slashes, `line` and `column` from 1.

    A line of 0 means the whole file; an empty path means the project.
    """

    path: str = ""
    line: int = 0
    column: int = 0
    message: str = ""

    def __str__(self) -> str:
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.path, *numbers])


@dataclass(frozen=True)
class Finding:
    """One breach of one rule.

    `key` names the finding among those of its rule and path, and stays the same when lines move; it is the message
    where none is given. `evidence` are the places that led to it. `waived` is the reason why it does not count.
    `properties` are pairs of text that go to JSON and SARIF as they are.
    """

    rule: str
    message: str
    severity: Severity = Severity.ERROR
    path: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    key: str = ""
    evidence: tuple[Spot, ...] = ()
    waived: str = ""
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def spot(self) -> Spot:
        """Where it is."""
        return Spot(self.path, self.line, self.column)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that stay when lines move: what a baseline of known findings lists."""
        parts = (self.rule, self.path, self.key or self.message)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sorts findings the same way on every machine."""
        return (self.path, self.line, self.column, self.rule, self.message)


@dataclass(frozen=True)
class Report:
    """All findings of one run of a tool, sorted and free of repetitions."""

    tool: str
    version: str
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...] = field(default=())

    @classmethod
    def of(cls, tool: str, version: str, rules: Iterable[Rule], findings: Iterable[Finding]) -> Report:
        """Make a report; every finding must name one of the rules."""
        listed = tuple(sorted(rules, key=lambda rule: rule.id))
        known = {rule.id for rule in listed}
        ordered = tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.order))
        for finding in ordered:
            if finding.rule not in known:
                raise ValueError(f"a finding names the rule {finding.rule!r}, which {tool} does not have")
        return cls(tool, version, listed, ordered)

    @property
    def open(self) -> tuple[Finding, ...]:
        """Findings that nothing waives."""
        return tuple(finding for finding in self.findings if not finding.waived)

    def count(self) -> Counter[Severity]:
        """How many open findings there are of each severity."""
        return Counter(finding.severity for finding in self.open)

    def exit_code(self, fail_on: Severity = Severity.ERROR) -> ExitCode:
        """FINDINGS if an open finding is at least that bad."""
        failing = any(finding.severity >= fail_on for finding in self.open)
        return ExitCode.FINDINGS if failing else ExitCode.GOOD

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`: {tool, version, counts, findings}."""
        return {
            "tool": self.tool,
            "version": self.version,
            "counts": {str(severity): self.count()[severity] for severity in reversed(Severity)},
            "findings": [_as_json(finding) for finding in self.findings],
        }

    def to_json(self) -> str:
        """The same bytes for the same findings."""
        return json.dumps(self.as_json(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        **vars(finding),
        "severity": str(finding.severity),
        "fingerprint": finding.fingerprint,
        "properties": dict(finding.properties),
        "evidence": [dict(vars(spot)) for spot in finding.evidence],
    }
