# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a near copy is, and the finding that it leads to; NumPy is needed only by the search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keima_audit.expressions import Node, terms
from keima_audit.resolve import Resolved
from keima_audit.rules import Finding


@dataclass(frozen=True)
class Likeness:
    """What two texts share: how many fingerprints, of how many, and the lines on both sides."""

    source: str
    shared: int
    own: int
    whole: int
    lines: tuple[int, int]
    source_lines: tuple[int, int]


@dataclass(frozen=True)
class NearCopy:
    """A file of the tree, what it is like, and what that is under; None where nothing says so."""

    path: str
    likeness: Likeness
    license: Node | None = None


def near_findings(copies: tuple[NearCopy, ...], resolved: tuple[Resolved, ...]) -> Iterator[Finding]:
    """A copy is an error, unless the file states the licence of what it was copied from."""
    items = {item.path: item for item in resolved}
    for copy in copies:
        item = items.get(copy.path)
        if item is None:
            continue
        like = copy.likeness
        states_it = copy.license is not None and _states(item, copy.license)
        under = f"under {copy.license}" if copy.license is not None else "whose licence is not known"
        message = f"is like {like.source}:{like.source_lines[0]}-{like.source_lines[1]}, {under}"
        share = f"lines {like.lines[0]}-{like.lines[1]} share {like.shared} fingerprints with it, "
        yield Finding(
            "near-copy",
            message + (", which it states too" if states_it else ""),
            copy.path,
            like.lines[0],
            severity="note" if states_it else "",
            sha256=item.facts.sha256,
            subject=like.source,
            evidence=(f"{share}of {like.own} here and {like.whole} there",),
        )


def _states(item: Resolved, license_node: Node) -> bool:
    """Whether a file itself, or a declaration for it, names all licences of what it was copied from."""
    if item.node is None or item.how not in ("own", "declared", "clarified"):
        return False
    return set(terms(license_node)) <= set(terms(item.node))
