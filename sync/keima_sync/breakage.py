# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What exports by the rules would have broken over the origin's history: since which commit, by whom, until which.

Every commit is looked at, merges too, and each costs what it changes: trees are compared by their ids, blobs are read
once, and references are asked again only where a path came or went that they could lead to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pygit2

from keima_cli.findings import Finding, Rule, Severity
from keima_sync.config import Config
from keima_sync.errors import RepositoryError
from keima_sync.export import commit_of, common_folder, history, open_side, workshop
from keima_sync.preview import explained
from keima_sync.references import syntax
from keima_sync.references.check import DANGLING, RETARGETED, Located
from keima_sync.references.comparison import Change, Comparison
from keima_sync.references.languages import Extractions
from keima_sync.references.model import Reference, text
from keima_sync.references.reading import read_ahead
from keima_sync.references.store import stored_in
from keima_sync.references.tree import Entry, Tree, blob_reader, find_commit
from keima_sync.tree_filter import TreeFilter

Advance = Callable[[int], None]
_CHUNK = 200  # commits whose blobs are read ahead of the comparison


class Fault(NamedTuple):
    """What is broken, the same in all commits that have it: no line, since lines move."""

    rule: Rule
    path: bytes
    what: tuple[str, ...]  # kind, target and file that was cut; of broken syntax the fault


@dataclass(frozen=True)
class _First:
    """Where a fault began: the commit, and the reference as it stood there."""

    commit: str
    reference: Reference | None


@dataclass(frozen=True)
class _Step:
    """A commit, and what differs in its trees from those of the step before."""

    commit: pygit2.Commit
    change: Change


@dataclass
class _Record:
    """The faults of each commit whose children are not all seen, with the number of the beginning that each comes from.

    A fault may begin several times, one after the other or on two branches, which a merge then joins.
    """

    faults: dict[str, dict[Fault, int]] = field(default_factory=dict)
    began: dict[Fault, list[_First]] = field(default_factory=dict)
    ended: dict[tuple[Fault, int], str] = field(default_factory=dict)
    joined: dict[tuple[Fault, int], int] = field(default_factory=dict)

    def add(self, commit: pygit2.Commit, found: dict[Fault, Reference | None]) -> None:
        """Compare a commit with its parents, which are in already."""
        oid = str(commit.id)
        now: dict[Fault, int] = {}
        before = [self.faults[str(parent)] for parent in commit.parent_ids]
        for fault, reference in found.items():
            numbers = dict.fromkeys(parent[fault] for parent in before if fault in parent)
            now[fault] = min(numbers) if numbers else self._begin(fault, oid, reference)
            self.joined.update(((fault, other), now[fault]) for other in numbers if other != now[fault])
        for parent in before:
            for fault in parent.keys() - found.keys():
                self.ended.setdefault((fault, parent[fault]), oid)
        self.faults[oid] = next((faults for faults in before if faults == now), now)

    def _begin(self, fault: Fault, oid: str, reference: Reference | None) -> int:
        beginnings = self.began.setdefault(fault, [])
        beginnings.append(_First(oid, reference))
        return len(beginnings) - 1

    def end_of(self, fault: Fault, number: int, tip: str) -> str | None:
        """The commit that ended what began so, or None if it is there at the tip."""
        while (fault, number) not in self.ended and (fault, number) in self.joined:
            number = self.joined[fault, number]
        return None if self.faults[tip].get(fault) == number else self.ended.get((fault, number))


def breakage(config: Config, revision: str, advance: Advance = lambda _: None) -> Iterator[Finding]:
    """Yield every fault of the history up to a revision of the origin: an error if it is there still, else a note."""
    origin = open_side(config.origin, "origin")
    tip = find_commit(origin, revision)
    with workshop(config) as made, stored_in(Path(common_folder(origin))) as store:
        extractions = Extractions(store)
        watch, record = _Watch(made, extractions), _Record()
        steps = _steps(made, TreeFilter(made, config.paths, config.contents), config, tip)
        waits = _children(made, tip)
        for step in read_ahead(steps, _files, _CHUNK, origin.path, made.path, extractions=extractions):
            record.add(step.commit, watch.faults(step))
            _forget(record, waits, step.commit)
            advance(1)
        yield from _findings(config, made, record, str(tip.id))


def count_commits(config: Config, revision: str) -> int:
    """How many commits `breakage` looks at."""
    origin = open_side(config.origin, "origin")
    return sum(1 for _ in history(origin, [find_commit(origin, revision).id]))


def _files(step: _Step) -> Mapping[bytes, Entry | None]:
    return step.change.public


def _children(repository: pygit2.Repository, tip: pygit2.Commit) -> Counter[str]:
    """How many children each commit has that reach the tip."""
    return Counter(
        str(parent) for oid in history(repository, [tip.id]) for parent in commit_of(repository, oid).parent_ids
    )


def _forget(record: _Record, waits: Counter[str], commit: pygit2.Commit) -> None:
    for parent in map(str, commit.parent_ids):
        waits[parent] -= 1
        if not waits[parent]:
            record.faults.pop(parent, None)


def _steps(repository: pygit2.Repository, trees: TreeFilter, config: Config, tip: pygit2.Commit) -> Iterator[_Step]:
    before: pygit2.Oid | None = None
    for oid in history(repository, [tip.id]):
        commit = commit_of(repository, oid)
        internal = differences(repository, before, commit.tree_id)
        yield _Step(commit, Change(internal, _public(config, trees, internal), _origins(config, internal)))
        before = commit.tree_id


def _public(config: Config, trees: TreeFilter, internal: Mapping[bytes, Entry | None]) -> dict[bytes, Entry | None]:
    """What the rules make of the differences of internal trees: no public tree has to be written for that."""
    public: dict[bytes, Entry | None] = {}
    for path, entry in internal.items():
        target = config.paths.verdict(path).target
        if target is None:
            continue
        made = trees.file(path, entry.mode, pygit2.Oid(hex=entry.blob)) if entry is not None else None
        if made is not None and entry is not None:
            public[target] = Entry(entry.mode, str(made))
        else:
            public.setdefault(target, None)
    return public


def differences(
    repository: pygit2.Repository, before: pygit2.Oid | None, after: pygit2.Oid
) -> dict[bytes, Entry | None]:
    """Entries of the second tree by path where they differ from the first's; None for what went."""
    if before == after:
        return {}
    new = _tree(repository, after)
    diff = new.diff_to_tree(swap=True) if before is None else _tree(repository, before).diff_to_tree(new)
    changed: dict[bytes, Entry | None] = {}
    for delta in diff.deltas:
        if delta.status_char() == "D":
            changed.setdefault(delta.old_file.raw_path, None)
        else:
            changed[delta.new_file.raw_path] = Entry(int(delta.new_file.mode), str(delta.new_file.id))
    return changed


def _tree(repository: pygit2.Repository, oid: pygit2.Oid) -> pygit2.Tree:
    found = repository.get(oid)
    if not isinstance(found, pygit2.Tree):
        raise RepositoryError(f"the tree {oid} is missing or damaged", hint="git fsck shows what else is")
    return found


def _origins(config: Config, internal: dict[bytes, Entry | None]) -> dict[bytes, bytes | None]:
    """Public paths whose origin changes, with their internal ones: those that a rule moves."""
    origins: dict[bytes, bytes | None] = {}
    for path, entry in internal.items() if config.paths.moves else ():
        target = config.paths.verdict(path).target
        if target is not None and target != path and (entry is not None or target not in origins):
            origins[target] = path if entry is not None else None
    return origins


class _Watch:
    """Both trees at one commit, with what is lost between them."""

    def __init__(self, repository: pygit2.Repository, extractions: Extractions) -> None:
        read = blob_reader(repository)
        self._internal, self._public = Tree(read), Tree(read)
        self._comparison = Comparison(self._internal, self._public, extractions)
        self._syntax = syntax.Watch(self._internal, self._public)
        self._last: dict[Fault, Reference | None] = {}

    def faults(self, step: _Step) -> dict[Fault, Reference | None]:
        """All faults at a commit, with one reference for each that has any."""
        if step.change.internal:
            self._comparison.change(step.change)
            self._syntax.change(step.change)
            self._last = dict(self._all())
        return self._last

    def _all(self) -> Iterator[tuple[Fault, Reference | None]]:
        for path, reference, lost in self._comparison.lost():
            after = () if lost.after is None else (text(lost.after),)
            what = (reference.kind.value, reference.target, text(lost.before), *after)
            yield Fault(RETARGETED if after else DANGLING, path, what), reference
        for path, fault in self._syntax.broken.items():
            yield Fault(syntax.BROKEN, path, (fault,)), None


def _findings(config: Config, repository: pygit2.Repository, record: _Record, tip: str) -> Iterator[Finding]:
    for fault, firsts in record.began.items():
        for number, first in enumerate(firsts):
            found = _finding(repository, fault, first, record.end_of(fault, number, tip))
            yield explained(config, found)


def _finding(repository: pygit2.Repository, fault: Fault, first: _First, ended: str | None) -> Finding:
    author = commit_of(repository, first.commit).author
    message = f"since {first.commit[:9]} ({author.name}), {f'until {ended[:9]}' if ended else 'still there'}"
    commits = [("introduced", first.commit), ("author", f"{author.name} <{author.email}>")]
    commits += [("fixed", ended)] if ended else []
    severity = Severity.NOTE if ended else fault.rule.severity
    if first.reference is None:
        found = Finding(fault.rule.id, f"{fault.what[0]}, {message}", severity, text(fault.path))
    else:
        target = fault.what[2].encode()
        message = f"{fault.what[1]} leads to {fault.what[2]}, which was cut: {message}"
        found = Located(fault.path, first.reference).finding(fault.rule, message, severity, target)
    return replace(found, key=f"{found.key} {first.commit}", properties=(*found.properties, *commits))
