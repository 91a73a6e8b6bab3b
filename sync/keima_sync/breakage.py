# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What exports by the rules would have broken over the origin's history: since which commit, by whom, until which.

Every commit is looked at, merges too, and each costs what it changes: trees are compared by their ids, blobs are read
once, and references are asked again only where a path came or went that they could lead to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2

from keima_cli.findings import Finding, Severity
from keima_sync.config import Config
from keima_sync.export import commit_of, common_folder, history, open_side, workshop
from keima_sync.memory import Memory
from keima_sync.preview import explained
from keima_sync.publisher import Publisher
from keima_sync.references.check import Located
from keima_sync.references.following import Change
from keima_sync.references.languages import Extractions
from keima_sync.references.model import text
from keima_sync.references.reading import read_ahead
from keima_sync.references.store import stored_in
from keima_sync.references.timeline import Episode, Timeline
from keima_sync.references.tree import Entry, Tree, blob_reader, differences, find_commit
from keima_sync.symbol_watch import SymbolWatch
from keima_sync.watching import ExportWatch, LoneWatch, Watch

Advance = Callable[[int], None]
_CHUNK = 200  # commits whose blobs are read ahead of the comparison


@dataclass(frozen=True)
class _Step:
    """A commit, and what differs in its trees from those of the step before."""

    commit: pygit2.Commit
    change: Change


def breakage(config: Config, revision: str, advance: Advance = lambda _: None) -> Iterator[Finding]:
    """Yield every fault of the history up to a revision of the origin: an error if it is there still, else a note."""
    origin = open_side(config.origin, "origin")
    tip = find_commit(origin, revision)
    folder = Path(common_folder(origin))
    with workshop(config) as made, stored_in(folder) as store:
        extractions, memory = Extractions(store), Memory(config, folder)
        publisher, watch = Publisher(made, config), ExportWatch(made, extractions)
        timeline, commits, before = _resumed(made, tip, memory.recall())
        if before is not None and commits:
            watch.begin(publisher.change(differences(made, None, before)), timeline.found())
        steps = _steps(made, commits, before, publisher.change)
        ahead = read_ahead(steps, _files, _CHUNK, origin.path, made.path, extractions=extractions)
        _follow(timeline, ahead, watch, advance)
        if commits:
            memory.keep(timeline)
        yield from explained(config, (_finding(made, episode) for episode in timeline.episodes()))


def symbol_breakage(config: Config, revision: str, advance: Advance = lambda _: None) -> Iterator[Finding]:
    """The same for likely suspicions about symbols: a pass of its own, which reads every version of a file."""
    origin = open_side(config.origin, "origin")
    with workshop(config) as made:
        timeline, commits, _ = _resumed(made, find_commit(origin, revision), None)
        _follow(timeline, _steps(made, commits, None, Publisher(made, config).change), SymbolWatch(made), advance)
        yield from (_finding(made, episode) for episode in timeline.episodes())


def lone_breakage(
    repository: pygit2.Repository, tip: pygit2.Commit, advance: Advance = lambda _: None
) -> list[Finding]:
    """The same of a repository alone: its firm references that led nowhere."""
    with stored_in(Path(common_folder(repository))) as store:
        extractions = Extractions(store)
        timeline, commits, _ = _resumed(repository, tip, None)
        steps = _steps(repository, commits, None, lambda entries: Change({}, entries))
        ahead = read_ahead(steps, _files, _CHUNK, repository.path, extractions=extractions)
        _follow(timeline, ahead, LoneWatch(Tree(blob_reader(repository)), extractions), advance)
        return [_finding(repository, episode) for episode in timeline.episodes()]


def _follow(timeline: Timeline, steps: Iterator[_Step], watch: Watch, advance: Advance) -> None:
    for step in steps:
        parents = [str(parent) for parent in step.commit.parent_ids]
        timeline.add(str(step.commit.id), parents, watch.step(step.change), watch.faults)
        advance(1)


def count_commits(repository: pygit2.Repository, tip: pygit2.Commit) -> int:
    """How many commits are looked at."""
    return sum(1 for _ in history(repository, [tip.id]))


def _files(step: _Step) -> Mapping[bytes, Entry | None]:
    return step.change.public


def _resumed(
    repository: pygit2.Repository, tip: pygit2.Commit, known: Timeline | None
) -> tuple[Timeline, list[pygit2.Commit], pygit2.Oid | None]:
    """The timeline so far, the commits to add, and the tree that it stands at.

    What is known helps only if all that is new leads on from there, and not from an older commit.
    """
    if known is not None and known.last in repository:
        last = commit_of(repository, known.last)
        new = list(history(repository, [tip.id], without=last.id))
        commits = [commit_of(repository, oid) for oid in new]
        within = {known.last, *new}
        leads_on = all(commit.parent_ids and {*map(str, commit.parent_ids)} <= within for commit in commits)
        if leads_on and (commits or last.id == tip.id):
            known.children.update(_children(commits))
            return known, commits, last.tree_id
    commits = [commit_of(repository, oid) for oid in history(repository, [tip.id])]
    return Timeline(_children(commits)), commits, None


def _children(commits: list[pygit2.Commit]) -> Counter[str]:
    """How many of the commits lead on from each."""
    return Counter(str(parent) for commit in commits for parent in commit.parent_ids)


def _steps(
    repository: pygit2.Repository,
    commits: list[pygit2.Commit],
    before: pygit2.Oid | None,
    change: Callable[[Mapping[bytes, Entry | None]], Change],
) -> Iterator[_Step]:
    for commit in commits:
        yield _Step(commit, change(differences(repository, before, commit.tree_id)))
        before = commit.tree_id


def _finding(repository: pygit2.Repository, episode: Episode) -> Finding:
    fault, first, ended = episode
    author = commit_of(repository, first.commit).author
    message = f"since {first.commit[:9]} ({author.name}), {f'until {ended[:9]}' if ended else 'still there'}"
    commits = [("introduced", first.commit), ("author", f"{author.name} <{author.email}>")]
    commits += [("fixed", ended)] if ended else []
    severity = Severity.NOTE if ended else fault.rule.severity
    if first.reference is None:
        found = Finding(fault.rule.id, f"{fault.what[0]}, {message}", severity, text(fault.path))
    else:
        target = "".join(fault.what[2:3])  # a tree alone knows none
        leads = f"leads to {target}, which was cut:" if target else "dangles"
        message = f"{fault.what[1]} {leads} {message}"
        found = Located(fault.path, first.reference).finding(fault.rule, message, severity, target.encode())
    return replace(found, key=f"{found.key} {first.commit}", properties=(*found.properties, *commits))
