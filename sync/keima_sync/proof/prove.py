# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Proves the public tree of a revision, and on a failure finds the internal commit that broke it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pygit2
from pygit2.enums import SortMode

from keima_sync.config import Config
from keima_sync.errors import SyncUsageError, TransformError, shown
from keima_sync.export import commit_of, open_side, workshop
from keima_sync.proof.bisect import first_bad
from keima_sync.proof.materialise import materialise, remove
from keima_sync.proof.rooms import Room, open_room
from keima_sync.proof.supervise import Limits, Log, supervised
from keima_sync.proof.verdicts import Step, Verdict, Verdicts
from keima_sync.references.tree import find_commit
from keima_sync.tree_filter import TreeFilter

Say = Callable[[str], None]
_SECONDS_A_MINUTE = 60.0


@dataclass(frozen=True)
class Culprit:
    """The first internal commit whose public tree fails; `since` is the proven commit that the search began at.

    `suspects` lie between and have no public tree of their own to judge by.
    """

    commit: str
    author: str
    subject: str
    verdict: Verdict
    since: str
    suspects: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """The verdict on a revision; where it failed and an earlier commit is proven, with the culprit."""

    commit: str
    room: Room
    verdict: Verdict
    culprit: Culprit | None = None


class Prover:
    """Proves trees in one room by one configuration; verdicts that are kept are not made again."""

    def __init__(self, config: Config, room: Room, cache: Path, *, again: bool = False) -> None:
        self._config = config
        self._room = room
        self._again = again
        self._made: dict[str, Verdict] = {}
        self._kept = Verdicts(cache, config.proof.text(), f"{room.kind} {room.installed}")

    def known(self, tree: str) -> Verdict | None:
        """The verdict of this or an earlier run."""
        return self._made.get(tree) or (None if self._again else self._kept.find(tree))

    def prove(self, repository: pygit2.Repository, tree: pygit2.Oid) -> Verdict:
        """The verdict on a tree: kept, or by running the steps on its files in the room."""
        found = self.known(str(tree))
        if found is None:
            found = self._run(repository, tree)
        self._made[str(tree)] = found
        return found

    def _run(self, repository: pygit2.Repository, tree: pygit2.Oid) -> Verdict:
        log = Log()
        with _work() as work:
            materialise(repository, tree, work / "tree")
            steps = self._steps(work, log)
        return self._kept.keep(str(tree), steps, self._config.leaks.masked(log.text()))

    def _steps(self, work: Path, log: Log) -> tuple[Step, ...]:
        rules, made = self._config.proof, []
        left = _SECONDS_A_MINUTE * rules.minutes
        for step in rules.steps:
            log.write(f"$ {step}\n".encode())
            ran = supervised(
                self._room.command(work, ["sh", "-e", "-c", step]),
                folder=work / "tree",
                environment=self._room.environment(work),
                limits=Limits(left, rules.memory, rules.processes, rules.disk, work),
                log=log,
            )
            left -= ran.seconds
            made.append(Step(step, ran.status, ran.stopped, round(ran.seconds, 3)))
            end = f"stopped: over the limit of {ran.stopped}" if ran.stopped else f"exit status {ran.status}"
            log.write(f"\n[{end}]\n".encode())
            if not ran.passed:
                break
        return tuple(made)


def prove(
    config: Config,
    revision: str,
    cache: Path,
    *,
    good: str | None = None,
    again: bool = False,
    bisect: bool = True,
    say: Say = lambda _: None,
) -> Proof:
    """Prove what an export of `revision` would publish.

    On a failure the culprit is searched between `good` (by default the nearest commit on the first-parent line with a
    kept verdict of success, else one found by going back in doubling steps) and the revision.
    """
    if not config.proof.steps:
        raise SyncUsageError(
            f"{config.source.path}: no [proof] steps", hint='[proof] steps = ["make", "make test"] says what to run'
        )
    origin = open_side(config.origin, "origin")
    commit = str(find_commit(origin, revision).id)
    since = None if good is None else str(find_commit(origin, good).id)
    room = open_room(config.proof, cache)
    say(f"room: {room.kind}: {room.evidence}")
    with workshop(config) as objects:
        search = _Search(objects, config, Prover(config, room, cache, again=again), say)
        verdict = search.verdict(commit)
        proof = Proof(commit, room, verdict)
        if verdict.passed or not bisect:
            return proof
        return replace(proof, culprit=search.culprit(commit, since))


class _Search:
    def __init__(self, objects: pygit2.Repository, config: Config, prover: Prover, say: Say) -> None:
        self._objects = objects
        self._trees = TreeFilter(objects, config.paths, config.contents)
        self._prover = prover
        self._say = say

    def verdict(self, commit: str) -> Verdict:
        """Raises TransformError if the commit has no public tree."""
        tree = self._trees.public(commit_of(self._objects, commit).tree_id)
        found = self._prover.prove(self._objects, tree)
        outcome = "passes" if found.passed else "fails"
        self._say(f"{commit[:12]} {outcome} (tree {found.tree[:12]}{', known' if found.cached else ''})")
        return found

    def _judged(self, commit: str) -> bool | None:
        try:
            return self.verdict(commit).passed
        except TransformError as error:
            self._say(f"{commit[:12]} has no public tree: {error}")
            return None

    def culprit(self, bad: str, good: str | None) -> Culprit | None:
        """The first bad commit; None where no commit before `bad` is known to be good."""
        if good is not None and not self._judged(good):
            raise SyncUsageError(f"{good[:12]} is not good: it fails too", hint="name an older one with --good")
        since = good or self._proven(bad) or self._by_doubling(bad)
        if since is None:
            return None
        history = self._between(since, bad)
        parents = {oid: [str(parent) for parent in commit_of(self._objects, oid).parent_ids] for oid in history}
        found = first_bad(history, parents, self._judged)
        commit = commit_of(self._objects, found.first)
        return Culprit(
            found.first,
            shown(b"%s <%s>" % (commit.author.raw_name or b"", commit.author.raw_email or b"")),
            shown(commit.raw_message.partition(b"\n")[0]),
            self.verdict(found.first),
            since,
            found.suspects,
        )

    def _line(self, commit: str) -> Iterator[str]:
        """The first parents of a commit, nearest first."""
        parents = commit_of(self._objects, commit).parent_ids
        while parents:
            yield str(parents[0])
            parents = commit_of(self._objects, str(parents[0])).parent_ids

    def _proven(self, bad: str) -> str | None:
        for commit in self._line(bad):
            try:
                tree = self._trees.public(commit_of(self._objects, commit).tree_id)
            except TransformError:
                continue
            known = self._prover.known(str(tree))
            if known is not None and known.passed:
                return commit
        return None

    def _by_doubling(self, bad: str) -> str | None:
        line = list(self._line(bad))
        step = 1
        while line:
            place = min(step, len(line)) - 1
            if self._judged(line[place]):
                return line[place]
            if place == len(line) - 1:
                return None
            step *= 2
        return None

    def _between(self, good: str, bad: str) -> list[str]:
        """What leads to `bad` and not to `good`, parents first."""
        walker = self._objects.walk(pygit2.Oid(hex=bad), SortMode.TOPOLOGICAL | SortMode.REVERSE)
        walker.hide(pygit2.Oid(hex=good))
        return [str(commit.id) for commit in walker]


@contextmanager
def _work() -> Iterator[Path]:
    """An empty folder for one proof, with the places that a room wants in it."""
    folder = Path(tempfile.mkdtemp(prefix="keima-proof-"))
    try:
        for name in ("tree", "home", "tmp"):
            (folder / name).mkdir()
        yield folder
    finally:
        remove(folder)
