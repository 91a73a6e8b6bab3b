# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`audit.toml`: what is allowed in which use, what a person decided, and on which line it says so.

Everything that is not allowed is denied. `policy_reader` makes a `Policy` from the file's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from keima_audit.expressions import Node, Term, parse, terms
from keima_audit.licenses import Catalogue, unify
from keima_audit.paths import matches
from keima_audit.rules import rules

USES = ("source", "binary", "build-only", "test-only", "data", "weights", "service")
"""What a file or package is used for; `source` is what is published, `binary` what a wheel carries."""
WAIVER_REASONS = {
    "false-positive": "The tool is wrong about this place.",
    "not-distributed": "It is passed on to nobody, in no form.",
    "permission-granted": "Who holds the rights has allowed it; the text says where that is written.",
    "license-bought": "A licence for this use was bought; the text says which.",
    "dynamic-linkage": "It is a library beside ours that the user can replace, and its terms ask for no more.",
    "not-modified": "It is passed on exactly as it came, and its terms ask for no more.",
    "accepted-risk": "The risk is known, and somebody who may decide so accepts it.",
    "being-replaced": "It will be gone by the day on which the waiver ends.",
}
"""Why a person may accept a finding: each word of audit.toml and what it means."""
DETECTORS = ("scancode", "notices")


@dataclass(frozen=True)
class Entry:
    """One table of the policy: its values and the line it starts on."""

    values: Mapping[str, Any]
    line: int

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`."""
        return self.values.get(key, default)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path patterns of the entry."""
        given = self.values.get("path", ())
        return (given,) if isinstance(given, str) else tuple(given)

    @property
    def terms(self) -> frozenset[Term]:
        """The licences of `allow` or `license`."""
        given = self.values.get("allow", self.values.get("license", ()))
        return frozenset(term for text in ([given] if isinstance(given, str) else given) for term in _known(text))

    def covers(self, path: str) -> bool:
        """Whether one of the patterns fits."""
        return matches(path, self.paths)


@dataclass(frozen=True)
class Policy:
    """A read and checked policy."""

    path: Path
    project: Entry
    outbound: Node
    allowed: Mapping[str, Mapping[Term, int]]
    entries: Mapping[str, tuple[Entry, ...]]
    severity: Mapping[str, str]
    limits: Mapping[str, int]
    catalogue: Catalogue = field(default_factory=Catalogue)

    def use_of(self, path: str) -> tuple[str, Entry | None]:
        """The use of a file: the last [[paths]] entry that fits and names one, else `source`."""
        for entry in reversed(self.entries["paths"]):
            if "use" in entry.values and entry.covers(path):
                return str(entry.get("use")), entry
        return "source", None

    def matching(self, table: str, path: str) -> list[Entry]:
        """The entries of an array of tables that cover a path, in the order of the file."""
        return [entry for entry in self.entries[table] if entry.covers(path)]

    def severity_of(self, rule: str) -> str:
        """The severity of a rule after the policy's own settings."""
        return self.severity.get(rule, rules()[rule].severity)


def _known(text: str) -> tuple[Term, ...]:
    node = parse(text).node
    return terms(unify(node)) if node is not None else ()


def expiry(entry: Entry) -> date:
    """The last day, in UTC, on which a waiver holds."""
    value = entry.get("expires")
    return value if isinstance(value, date) else date.fromisoformat(value)
