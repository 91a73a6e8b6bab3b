# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The commits of both repositories, newest first, and what each is to the other side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

import pygit2

from keima_cli.findings import Finding
from keima_sync.config import Config
from keima_sync.errors import shown
from keima_sync.export import Standing, commit_of, history, open_side, standing
from keima_sync.metadata import PUBLIC_TRAILER, named_by


class State(Enum):
    """What became of a commit."""

    EXPORTED = "exported"
    PRUNED = "shows nothing in public"
    WAITING = "waits for the export"
    IMPORTED = "imported from outside"
    OUTSIDE = "outside commit, waits for the import"


@dataclass(frozen=True)
class Commit:
    """An internal commit, or with OUTSIDE a public one; `other` is its counterpart on the other side."""

    id: str
    parents: tuple[str, ...]
    state: State
    other: str
    author: str
    subject: str
    seconds: int  # since 1970, of the author's date


@dataclass(frozen=True)
class Marks:
    """What a commit broke and mended."""

    broke: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Migration:
    """All that is drawn."""

    origin_tip: str
    public_tip: str
    commits: tuple[Commit, ...]
    marks: Mapping[str, Marks] = field(default_factory=dict)

    def count(self, state: State) -> int:
        """How many commits are in a state."""
        return sum(commit.state is state for commit in self.commits)


def migration(config: Config, findings: Iterable[Finding] = ()) -> Migration:
    """Read both repositories; `findings` are those of the check over history."""
    state = standing(config)
    origin, destination = open_side(config.origin, "origin"), open_side(config.destination, "destination")
    outside = [_commit(destination, oid, State.OUTSIDE, "") for oid in reversed(state.foreign)]
    inside = list(_internal(origin, state))[::-1]
    return Migration(state.origin_tip, state.tip or "", (*outside, *inside), _marks(findings))


def _internal(origin: pygit2.Repository, state: Standing) -> Iterator[Commit]:
    seen = set(history(origin, [pygit2.Oid(hex=oid) for oid in state.known])) if state.known else set()
    for oid in history(origin, [pygit2.Oid(hex=state.origin_tip)]):
        public = named_by(commit_of(origin, oid).raw_message, PUBLIC_TRAILER)
        if public is not None and public in state.imported:
            yield _commit(origin, oid, State.IMPORTED, public)
        elif oid in state.known:
            yield _commit(origin, oid, State.EXPORTED, state.known[oid])
        else:
            yield _commit(origin, oid, State.PRUNED if oid in seen else State.WAITING, "")


def _commit(repository: pygit2.Repository, oid: str, state: State, other: str) -> Commit:
    commit = commit_of(repository, oid)
    parents = tuple(str(parent) for parent in commit.parent_ids) if state is not State.OUTSIDE else ()
    subject = shown(commit.raw_message.partition(b"\n")[0])
    return Commit(oid, parents, state, other, shown(commit.author.raw_name or b""), subject, commit.author.time)


def _marks(findings: Iterable[Finding]) -> dict[str, Marks]:
    broke: dict[str, list[Finding]] = {}
    mended: dict[str, list[Finding]] = {}
    for finding in findings:
        known = dict(finding.properties)
        broke.setdefault(known["introduced"], []).append(finding)
        if "fixed" in known:
            mended.setdefault(known["fixed"], []).append(finding)
    return {oid: Marks(tuple(broke.get(oid, ())), tuple(mended.get(oid, ()))) for oid in {**broke, **mended}}
