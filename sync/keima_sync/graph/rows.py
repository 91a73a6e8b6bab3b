# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The lines of the drawing: commits of note each by itself, runs of ordinary ones as one, with lanes for branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from keima_sync.graph.migration import Commit, Marks, Migration, State

_NOTHING = Marks()
_SHORT_RUN = 4  # of this many commits or fewer each is drawn
LANES = 12  # branches beyond these are drawn in the last


@dataclass(frozen=True)
class Row:
    """One commit, or several that follow each other in one lane and state."""

    commits: tuple[Commit, ...]
    lane: int
    passing: tuple[int, ...]  # lanes of other branches that go by
    joins: tuple[int, ...] = ()  # lanes that begin here and lead to further parents
    ends: tuple[int, ...] = ()  # lanes that end in this commit, from children that have it as a parent too
    goes_on: bool = False  # the lane leads on to a parent
    marks: Marks = _NOTHING

    @property
    def newest(self) -> Commit:
        return self.commits[0]


def rows(migration: Migration, since: int | None = None) -> list[Row]:
    """All rows, newest first; with `since` (seconds since 1970) those of commits that are not older."""
    commits = [commit for commit in migration.commits if since is None or commit.seconds >= since]
    return list(_collapsed(_placed(commits, migration)))


def _placed(commits: list[Commit], migration: Migration) -> Iterator[Row]:
    """Each commit in the lane that its newest child left to it."""
    drawn = {commit.id for commit in commits}
    lanes: list[str] = []  # the commit that each lane leads to; empty: free
    for commit in commits:
        if commit.state is State.OUTSIDE:
            yield Row((commit,), -1, tuple(i for i, wanted in enumerate(lanes) if wanted))
            continue
        mine = [lane for lane, wanted in enumerate(lanes) if wanted == commit.id]
        lane = mine[0] if mine else _free(lanes)
        for other in mine[1:]:
            lanes[other] = ""
        passing = tuple(i for i, wanted in enumerate(lanes) if wanted and i != lane)
        parents = [parent for parent in commit.parents if parent in drawn]
        lanes[lane] = parents[0] if parents else ""
        joins = tuple(_lane_to(lanes, parent) for parent in parents[1:])
        marks = migration.marks.get(commit.id, _NOTHING)
        yield Row((commit,), lane, passing, joins, tuple(mine[1:]), bool(parents), marks)


def _free(lanes: list[str]) -> int:
    if "" not in lanes:
        lanes.append("")
    return lanes.index("")


def _lane_to(lanes: list[str], commit: str) -> int:
    if commit not in lanes:
        lanes[_free(lanes)] = commit
    return lanes.index(commit)


def _collapsed(placed: Iterator[Row]) -> Iterator[Row]:
    run: list[Row] = []
    for row in placed:
        if run and not _continues(run[-1], row):
            yield from _as_one(run)
            run = []
        if _ordinary(row):
            run.append(row)
        else:
            yield row
    yield from _as_one(run)


def _ordinary(row: Row) -> bool:
    quiet = row.newest.state in (State.EXPORTED, State.PRUNED, State.WAITING) and row.marks == _NOTHING
    return quiet and not row.joins and not row.ends and len(row.newest.parents) == 1


def _continues(above: Row, row: Row) -> bool:
    place = (above.lane, above.passing, above.newest.state)
    return _ordinary(row) and place == (row.lane, row.passing, row.newest.state)


def _as_one(run: list[Row]) -> list[Row]:
    if len(run) <= _SHORT_RUN:
        return run
    middle = tuple(row.newest for row in run[1:-1])
    return [run[0], Row(middle, run[0].lane, run[0].passing, goes_on=True), run[-1]]


def summary(migration: Migration) -> dict[str, int]:
    """How many commits are in each state, by its name."""
    counted = Counter(commit.state for commit in migration.commits)
    return {state.name.lower(): counted[state] for state in State}
