# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The difference between two audited states: licences, files, parts and findings that come, go or change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from keima_audit.compare.snapshot import Licensed, Problem, Snapshot
from keima_audit.rules import SEVERITIES

_NAMED = 3
"""Paths that a line of text names; JSON has them all."""


@dataclass(frozen=True)
class Change:
    """Something that is there on both sides, and not the same; an empty side means that it is not there."""

    what: str
    old: str
    new: str


@dataclass(frozen=True)
class Difference:
    """What `new` has that `old` has not, and the other way round."""

    old: str
    new: str
    licenses: tuple[Change, ...]
    files: tuple[Change, ...]
    parts: tuple[Change, ...]
    found: tuple[Problem, ...]
    solved: tuple[Problem, ...]

    def failing(self, fail_on: str) -> tuple[Problem, ...]:
        """What the change brings that is bad enough to fail."""
        threshold = SEVERITIES.index(fail_on)
        return tuple(problem for problem in self.found if SEVERITIES.index(problem.severity) >= threshold)


def difference(old: Snapshot, new: Snapshot) -> Difference:
    """Compare two states."""
    return Difference(
        old.name,
        new.name,
        licenses=tuple(_licenses(old, new)),
        files=tuple(_files(old, new)),
        parts=tuple(_parts(old, new)),
        found=tuple(new.problems[key] for key in sorted(new.problems.keys() - old.problems.keys())),
        solved=tuple(old.problems[key] for key in sorted(old.problems.keys() - new.problems.keys())),
    )


def _licenses(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    """Licences that come or go altogether, for each use."""
    before, after = _uses(old), _uses(new)
    for license_name, use in sorted(before ^ after):
        here = f"{license_name} ({use})"
        yield Change(here, "" if (license_name, use) in after else here, "" if (license_name, use) in before else here)


def _uses(state: Snapshot) -> set[tuple[str, str]]:
    return {(file.license, file.use) for file in state.files.values()} | {
        (license_name, use) for parts in state.parts.values() for _, license_name, use in parts
    }


def _files(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for path in sorted(old.files.keys() | new.files.keys()):
        before, after = _said(old.files.get(path)), _said(new.files.get(path))
        if before != after:
            yield Change(path, before, after)


def _said(file: Licensed | None) -> str:
    return f"{file.license} ({file.use})" if file else ""


def _parts(old: Snapshot, new: Snapshot) -> Iterator[Change]:
    for kind, name in sorted(old.parts.keys() | new.parts.keys()):
        before, after = (_told(state.parts.get((kind, name), frozenset())) for state in (old, new))
        if before != after:
            yield Change(f"{kind} {name}", before, after)


def _told(part: frozenset[tuple[str, str, str]]) -> str:
    return ", ".join(f"{version} {license_name} ({use})".strip() for version, license_name, use in sorted(part))


def as_json(found: Difference) -> dict[str, Any]:
    """Plain data for `--json`."""
    return asdict(found)


def lines_of(found: Difference) -> Iterator[str]:
    """The difference for people, by how much it matters."""
    yield f"{found.old} -> {found.new}"
    brings = [f"{_place(p)}: {p.severity} {p.rule}: {p.message}" for p in found.found]
    yield from _section("Findings that it brings", len(brings), brings)
    ends = [f"{_place(p)}: {p.rule}: {p.message}" for p in found.solved]
    yield from _section("Findings that it ends", len(ends), ends)
    terms = [f"{'+' if change.new else '-'} {change.what}" for change in found.licenses]
    yield from _section("Licences that come or go", len(terms), terms)
    yield from _section("Dependencies and libraries", len(found.parts), [_arrow(change) for change in found.parts])
    yield from _section("Files", len(found.files), list(_grouped(found.files)))


def _place(problem: Problem) -> str:
    return problem.path or "(the project)"


def _section(title: str, number: int, lines: list[str]) -> Iterator[str]:
    yield f"{title}: {number or 'none'}"
    yield from (f"  {line}" for line in lines)


def _arrow(change: Change) -> str:
    mark = "~" if change.old and change.new else "+" if change.new else "-"
    sides = " -> ".join(side for side in (change.old, change.new) if side)
    return " ".join(word for word in (mark, change.what, sides) if word)


def _grouped(changes: tuple[Change, ...]) -> Iterator[str]:
    """Files that change in the same way on one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        groups.setdefault((change.old, change.new), []).append(change.what)
    for (old, new), paths in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        yield f"{_arrow(Change('', old, new))}: {len(paths)}: {', '.join(paths[:_NAMED])}{more}"
