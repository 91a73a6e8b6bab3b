# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a detector says about one content: a value that can be cached by the content's hash."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

OWN = ("tag", "notice", "text", "metadata")
"""Origins of statements that are about the file itself."""


@dataclass(frozen=True)
class Match:
    """One licence statement. `raw` is its expression as found; lines count from 1.

    origin: tag | notice | text | metadata (about the file) | snippet (about its lines) | quoted (inside a
    string, about nothing here) | provenance (a link to where it was copied from) | partial (a notice cut off,
    or one that nobody could name).
    """

    raw: str
    origin: str
    start: int
    end: int
    score: float
    rule: str


@dataclass(frozen=True)
class Remark:
    """Something about the content that a verdict may need: `code` is a rule id or a fact's name."""

    code: str
    line: int
    text: str


@dataclass(frozen=True)
class Scan:
    """Everything that was found in one content. kind: text | binary | weights | notebook | archive."""

    kind: str = "text"
    matches: tuple[Match, ...] = ()
    remarks: tuple[Remark, ...] = ()
    copyrights: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The scan as one line of JSON, for the cache."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(line: str) -> Scan:
        """Read what `to_json` wrote."""
        fields = json.loads(line)
        return Scan(
            kind=fields["kind"],
            matches=tuple(Match(**match) for match in fields["matches"]),
            remarks=tuple(Remark(**remark) for remark in fields["remarks"]),
            copyrights=tuple(fields["copyrights"]),
        )

    @property
    def own(self) -> tuple[Match, ...]:
        """The statements that are about the file itself."""
        return tuple(match for match in self.matches if match.origin in OWN)
