# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Files on which ScanCode and the audit disagree, each with the reason, and the list of them.

A reason has to cover every licence that only one of the two names; what it says of the scan is looked up in the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keima_audit.detect.scan import Scan
from keima_audit.expressions import Combined, Node, parse
from keima_audit.licenses import nodes_of, unify

_VAGUE = ("unknown-license-reference", "free-unknown", "scancode-unknown")
_STRONG = 60
"""The score from which a match counts in an audit."""
_TAG = "a tag that we read and ScanCode does not, or reads otherwise"
_HEAD = """\
<!-- SPDX-FileCopyrightText: 2026 The Keima Authors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- REUSE-IgnoreStart: the licences below are those of other people's files. -->
# Where ScanCode and the audit differ

Written by `python -m benchmarks.license_audit.against_scancode --list FILE`. Compared are the licences that hold
together, each once and in any order: `A AND (B OR C)` is `A` and `B OR C`.
"""


@dataclass(frozen=True)
class Difference:
    """One file on which the two disagree. `why` is "" when nothing explains it."""

    path: str
    ours: str
    theirs: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """A collection of files, as far as it was compared."""

    name: str
    scancode: str
    drawn: int
    compared: int
    differences: tuple[Difference, ...]

    @property
    def identical(self) -> int:
        """How many files the two agree on."""
        return self.compared - len(self.differences)

    def __str__(self) -> str:
        return (
            f"{self.name}: ScanCode {self.scancode}, {self.compared} of {self.drawn} files, "
            f"{self.identical} identical, {len(self.differences)} different"
        )


def parts(node: Node | None) -> frozenset[str]:
    """The licences that hold together, each as text: an expression's parts joined by AND."""
    if node is None:
        return frozenset()
    if isinstance(node, Combined) and node.operator == "AND":
        return frozenset().union(*(parts(part) for part in node.parts))
    if isinstance(node, Combined):
        return frozenset({" OR ".join(sorted(str(part) for part in node.parts))})
    return frozenset({str(node)})


def said_by_us(scan: Scan) -> frozenset[str]:
    """Our expression's parts, with snippets, whose lines ScanCode does not tell from the rest of the file."""
    return _named([match.raw for match in scan.matches if match.origin in ("tag", "notice", "text", "snippet")])


def said_by_scancode(answer: dict[str, Any]) -> frozenset[str]:
    """ScanCode's expression's parts, in our spelling of them."""
    node = parse(answer["expression"]).node if answer["expression"] else None
    return parts(unify(node)) if node is not None else frozenset()


def explain(path: Path, scan: Scan, mine: frozenset[str], answer: dict[str, Any]) -> str:
    """Why the two differ; "" if there is a part that nothing explains."""
    theirs = said_by_scancode(answer)
    if scan.kind in ("binary", "weights", "archive"):
        return "a binary: ScanCode reads the strings in it, we ask for a declaration"
    tags = _named([match.raw for match in scan.matches if match.rule in ("spdx-tag", "metadata")])
    whys = {_TAG if part in tags else "" for part in mine - theirs}
    whys |= {_why_lacking(part, path, scan, mine, answer) for part in theirs - mine}
    return "" if "" in whys else "; ".join(sorted(whys))


def _why_lacking(part: str, path: Path, scan: Scan, mine: frozenset[str], answer: dict[str, Any]) -> str:
    """Why we do not name what ScanCode names."""
    reviewed = {(match.start, match.end) for match in scan.matches if match.origin == "partial"}
    if "unknown-spdx" in part:
        tags = [match.raw for match in scan.matches if match.rule == "spdx-tag"]
        return (_TAG if _named(tags) else "a tag that is no valid expression, which we say") if tags else ""
    if any(vague in part for vague in _VAGUE):
        beside = "ScanCode adds that something is unknown, which we leave out beside a licence"
        alone = "ScanCode says that something is unknown; we name no licence and ask for a review"
        return beside if mine else alone if reviewed else ""
    if part in _named([match.raw for match in scan.matches if match.origin == "quoted"]):
        return "a statement inside a string constant"
    if part in _named([match[0] for match in answer["matches"] if match[2] in _tagged(scan)]):
        return _TAG
    if path.suffix == ".ipynb":
        return "the output of a notebook's cell is data"
    return _why_weak([match for match in answer["matches"] if part in _named([match[0]])], reviewed)


def _why_weak(said: list[Any], reviewed: set[tuple[int, int]]) -> str:
    """Why we do not name what these matches name: `[expression, score, first line, last line]` each."""
    if any(match[1] >= _STRONG for match in said):
        return ""
    if any((match[2], match[3]) in reviewed for match in said):
        return f"ScanCode scores it below {_STRONG}; we name no licence there and ask for a review of the lines"
    if all(match[2] == match[3] for match in said):
        return f"ScanCode counts a single line that scores below {_STRONG}"
    return ""


def _tagged(scan: Scan) -> set[int]:
    return {match.start for match in scan.matches if match.rule == "spdx-tag"}


def _named(raws: list[str]) -> frozenset[str]:
    return frozenset().union(*(parts(node) for node in nodes_of(tuple(raw for raw in raws if raw))), frozenset())


def listed(seed: int, comparisons: list[Comparison]) -> str:
    """All differences as a page of Markdown, by reason."""
    lines = [_HEAD, f"Seed {seed}.\n"]
    for comparison in comparisons:
        lines += [f"## {comparison.name}\n", f"{comparison}.\n"]
        for why in sorted({difference.why for difference in comparison.differences}):
            found = sorted((d for d in comparison.differences if d.why == why), key=lambda d: d.path)
            lines += [
                f"### {why or 'Not explained'} ({len(found)})\n",
                "| file | only ours | only ScanCode's |",
                "|---|---|---|",
            ]
            lines += [f"| `{d.path}` | {_only(d.ours, d.theirs)} | {_only(d.theirs, d.ours)} |" for d in found]
            lines.append("")
    return "\n".join([*lines, "<!-- REUSE-IgnoreEnd -->", ""])


def _only(these: str, those: str) -> str:
    left = [part for part in these.split(" AND ") if part not in those.split(" AND ")]
    return ", ".join(part.replace("LicenseRef-scancode-", "") for part in left)
