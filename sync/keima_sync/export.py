# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The export: what is new in the internal repository is replayed on to the public branch.

What was exported is read from the destination alone: each published commit names its origin in a trailer. New objects
are made in a repository of their own, which borrows the origin's; only when all are there does one fetch bring them
over and one compare-and-swap move the branch. A kill at any moment leaves the destination as it was.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, SortMode

from keima_cli.findings import Finding
from keima_cli.locks import hold
from keima_sync.config import Config, Side
from keima_sync.errors import BlockedError, RepositoryError, SyncUsageError, TransformError, shown
from keima_sync.git_command import GitFailedError, git
from keima_sync.leak_watch import LeakWatch
from keima_sync.metadata import PUBLIC_TRAILER, named_by
from keima_sync.paths import Move, Selection
from keima_sync.replay import Published, Replay, Source
from keima_sync.tree_filter import TreeFilter

_REMOVED_HEADERS = (b"gpgsig", b"gpgsig-sha256", b"mergetag")  # signatures of what is rewritten no longer hold


@dataclass
class Exported:
    """What an export did; `made` are the new commits by origin, `pruned` the origins that show nothing."""

    branch: str
    before: str | None
    after: str | None
    made: dict[str, str] = field(default_factory=dict)
    pruned: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)  # outside commits that stand for what was imported from them
    signatures: int = 0  # that were dropped with the commits they signed
    leaks: list[Finding] = field(default_factory=list)  # if there are any, the branch does not move
    dropped: list[str] = field(default_factory=list)  # files left out because a content rule failed
    unused: list[str] = field(default_factory=list)  # rules that decided nothing


@dataclass(frozen=True)
class Standing:
    """Where the two repositories stand."""

    origin_tip: str
    tip: str | None  # of the public branch
    known: Mapping[str, str]  # origin to published commit
    foreign: tuple[str, ...]  # published commits that name no origin, and that none of the origin's was imported from
    imported: frozenset[str]  # published commits that one of the origin's was imported from
    origin_count: int  # commits of the origin
    waiting: int  # those of them that are not in the public branch's past


Advance = Callable[[int], None]


def open_side(side: Side, role: str) -> pygit2.Repository:
    """One of the two repositories; raises RepositoryError."""
    found = pygit2.discover_repository(str(side.repository)) if side.repository.is_dir() else None
    if found is None:
        raise RepositoryError(f"{role}: {side.repository} is not a git repository", hint=f"check [{role}] in sync.toml")
    repository = pygit2.Repository(found)
    if role == "origin" and repository.is_shallow:
        raise RepositoryError(f"origin: {side.repository} is a shallow clone", hint="git fetch --unshallow")
    return repository


def standing(config: Config) -> Standing:
    """Read both repositories; nothing is changed."""
    origin, destination = open_side(config.origin, "origin"), open_side(config.destination, "destination")
    tip = _origin_tip(config, origin)
    public = _branch_tip(destination, config.destination.branch)
    known, foreign = _published(config, destination, public)
    unknown = [oid for oid in known if oid not in origin]
    if unknown:
        raise RepositoryError(
            f"the public branch names {len(unknown)} origins that the origin does not have, such as {unknown[0]}",
            hint="was the origin's history rewritten, or is it the wrong repository?",
        )
    seen = set(history(origin, [pygit2.Oid(hex=oid) for oid in known])) if known else set()
    commits = list(history(origin, [pygit2.Oid(hex=tip)]))
    named = {oid: named_by(commit_of(origin, oid).raw_message, PUBLIC_TRAILER) for oid in commits}
    imported = frozenset(oid for oid in named.values() if oid is not None) & set(foreign)
    return Standing(
        tip,
        public,
        known,
        tuple(oid for oid in foreign if oid not in imported),
        imported,
        len(commits),
        sum(oid not in seen and named[oid] not in imported for oid in commits),
    )


def export(
    config: Config, *, dry_run: bool = False, squash: bool = False, advance: Advance = lambda _: None
) -> Exported:
    """Replay what is new, or with `squash` publish it as one commit.

    Raises BlockedError for public commits of others, TransformError and MetadataError.
    """
    destination = open_side(config.destination, "destination")
    with hold(Path(destination.path) / "keima-sync.lock", "keima sync export"):
        state = standing(config)
        if state.foreign:
            listed = ", ".join(oid[:12] for oid in state.foreign[:5])
            raise BlockedError(
                f"{len(state.foreign)} public commits name no origin: {listed}",
                hint="import them first: an export would go on without them",
            )
        with workshop(config) as made:
            done = _squash(config, state, made) if squash else _replay(config, state, made, advance)
            _check_forward(made, state, done)
            if not dry_run and not done.leaks and done.after != done.before and done.after is not None:
                _deliver(made, destination, config.destination.branch, done.after, done.before)
    return done


def _check_forward(made: pygit2.Repository, state: Standing, done: Exported) -> None:
    """The branch only ever moves forward, and not without anything to show."""
    if done.after is None:
        raise SyncUsageError(
            f"the rules publish nothing of {state.origin_count} commits", hint="keima sync explain PATH says why"
        )
    if state.tip not in (None, done.after) and not made.descendant_of(done.after, state.tip):
        raise BlockedError(
            f"{done.branch} stands at {state.tip}, and what the origin exports to does not lead on from there",
            hint="was the origin's branch rewritten or set back? the public branch is never moved back",
        )


def _origin_tip(config: Config, origin: pygit2.Repository) -> str:
    try:
        return str(origin.revparse_single(config.origin.branch).peel(pygit2.Commit).id)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise SyncUsageError(
            f"origin: no revision {config.origin.branch!r} in {config.origin.repository}", hint="git branch lists them"
        ) from error


def _branch_tip(repository: pygit2.Repository, branch: str) -> str | None:
    reference = repository.references.get(f"refs/heads/{branch}")
    return None if reference is None else str(reference.peel(pygit2.Commit).id)


def history(repository: pygit2.Repository, tips: list[pygit2.Oid], without: pygit2.Oid | None = None) -> Iterator[str]:
    """All commits reached from the tips, and not from another, parents first."""
    walker = repository.walk(tips[0], SortMode.TOPOLOGICAL | SortMode.REVERSE)
    for tip in tips[1:]:
        walker.push(tip)
    if without is not None:
        walker.hide(without)
    for commit in walker:
        yield str(commit.id)


def commit_of(repository: pygit2.Repository, oid: str) -> pygit2.Commit:
    """A commit; raises RepositoryError."""
    found = repository.get(oid)
    if not isinstance(found, pygit2.Commit):
        raise RepositoryError(f"the commit {oid} is missing or damaged", hint="git fsck shows what else is")
    return found


def _published(config: Config, destination: pygit2.Repository, tip: str | None) -> tuple[dict[str, str], list[str]]:
    known: dict[str, str] = {}
    foreign = []
    for oid in history(destination, [pygit2.Oid(hex=tip)]) if tip else ():
        origin = config.commits.origin(commit_of(destination, oid).raw_message)
        if origin is None:
            foreign.append(oid)
        elif origin in known:
            raise RepositoryError(f"{oid[:12]} and {known[origin][:12]} both name the origin {origin[:12]}")
        else:
            known[origin] = oid
    return known, foreign


@contextmanager
def workshop(config: Config) -> Iterator[pygit2.Repository]:
    """A bare repository for new objects, beside the destination's, that reads the objects of both."""
    origin, destination = open_side(config.origin, "origin"), open_side(config.destination, "destination")
    with tempfile.TemporaryDirectory(prefix="keima-sync-", dir=destination.path) as folder:
        repository = pygit2.init_repository(folder, bare=True)
        stores = [Path(common_folder(side), "objects") for side in (origin, destination)]
        alternates = Path(folder, "objects", "info", "alternates")
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_text("".join(f"{store}\n" for store in stores))
        yield pygit2.Repository(repository.path)


def common_folder(repository: pygit2.Repository) -> str:
    """Where the objects are: of a linked worktree, the main repository's folder."""
    link = Path(repository.path, "commondir")
    return str((Path(repository.path) / link.read_text().strip()).resolve()) if link.is_file() else repository.path


def _replay(config: Config, state: Standing, workshop: pygit2.Repository, advance: Advance) -> Exported:
    done = Exported(config.destination.branch, state.tip, state.tip)
    trees = TreeFilter(workshop, config.paths, config.contents)
    raw: dict[str, bytes] = {}

    def write(source: Source, parents: list[str]) -> str:
        outside = named_by(raw[source.id].partition(b"\n\n")[2], PUBLIC_TRAILER)
        if outside in state.imported and _is(commit_of(workshop, outside), source.public, parents):
            done.taken[source.id] = outside
            return outside
        made, signed = rewritten(raw[source.id], source, parents, config)
        done.signatures += signed
        done.made[source.id] = str(workshop.odb.write(ObjectType.COMMIT, made))
        done.leaks += watch.in_commit(source.id, made, source.public, [commit_of(workshop, p).tree_id for p in parents])
        return done.made[source.id]

    watch = LeakWatch(workshop, config.leaks)
    replay = Replay(str(trees.empty), write)
    seen = set(history(workshop, [pygit2.Oid(hex=oid) for oid in state.known])) if state.known else set()
    for oid in history(workshop, [pygit2.Oid(hex=state.origin_tip)]):
        advance(1)
        commit = commit_of(workshop, oid)
        parents = tuple(str(parent) for parent in commit.parent_ids)
        if oid in seen:
            replay.known(oid, parents, str(commit.tree_id), _earlier(workshop, state.known.get(oid)))
            continue
        raw[oid] = commit.read_raw()
        replay.step(Source(oid, parents, str(commit.tree_id), _public(trees, commit)))
        if oid not in done.made and oid not in done.taken:
            done.pruned.append(oid)
        del raw[oid]
    done.after = replay.published[state.origin_tip] or state.tip
    done.dropped = sorted(shown(path) for path in trees.dropped)
    if not seen:  # an incremental run does not look at every path
        done.unused = [f"{config.source.path.name}:{rule.line}: {rule}" for rule in config.paths.unused()]
    return done


def _squash(config: Config, state: Standing, workshop: pygit2.Repository) -> Exported:
    """One commit on the public tip that shows the origin's; people and dates are those of the origin's tip."""
    done = Exported(config.destination.branch, state.tip, state.tip)
    trees = TreeFilter(workshop, config.paths, config.contents)
    commit = commit_of(workshop, state.origin_tip)
    if not set(state.known) <= set(history(workshop, [commit.id])):
        raise BlockedError(
            f"the public branch shows commits that {config.origin.branch} does not lead on from",
            hint="was the origin's branch rewritten or set back?",
        )
    before = None if state.tip is None else commit_of(workshop, state.tip)
    public = _public(trees, commit)
    if public == str(trees.empty if before is None else before.tree_id):
        return done
    source = Source(state.origin_tip, (), str(commit.tree_id), public)
    raw = commit.read_raw().partition(b"\n\n")[0] + b"\n\nPublish %d commits\n" % state.waiting
    made, done.signatures = rewritten(raw, source, [state.tip] if state.tip else [], config)
    done.after = done.made[source.id] = str(workshop.odb.write(ObjectType.COMMIT, made))
    watch = LeakWatch(workshop, config.leaks)
    done.leaks += watch.in_commit(source.id, made, public, [before.tree_id] if before else [])
    done.dropped = sorted(shown(path) for path in trees.dropped)
    return done


def _is(commit: pygit2.Commit, tree: str, parents: list[str]) -> bool:
    return str(commit.tree_id) == tree and [str(parent) for parent in commit.parent_ids] == parents


def _earlier(repository: pygit2.Repository, made: str | None) -> Published | None:
    if made is None:
        return None
    commit = commit_of(repository, made)
    return Published(made, tuple(str(parent) for parent in commit.parent_ids), str(commit.tree_id))


def _public(trees: TreeFilter, commit: pygit2.Commit) -> str:
    try:
        return str(trees.public(commit.tree_id))
    except TransformError as error:
        raise error.of_commit(str(commit.id), commit.author.name) from error


def rewritten(raw: bytes, source: Source, parents: list[str], config: Config) -> tuple[bytes, int]:
    """A commit object with another tree and other parents, and how many signatures were dropped; bytes stay bytes."""
    head, _, message = raw.partition(b"\n\n")
    lines = [b"tree " + source.public.encode(), *(b"parent " + parent.encode() for parent in parents)]
    dropped = 0
    skipping = False
    for line in head.split(b"\n"):
        word = line.partition(b" ")[0]
        if line.startswith(b" "):
            if not skipping:
                lines.append(line)
            continue
        skipping = word in _REMOVED_HEADERS
        dropped += skipping
        if word in (b"author", b"committer"):
            lines.append(word + b" " + config.commits.person(line.partition(b" ")[2], source.id))
        elif word not in (b"tree", b"parent") and not skipping:
            lines.append(line)
    return b"\n".join(lines) + b"\n\n" + config.commits.message(message, source.id), dropped


def _deliver(
    workshop: pygit2.Repository, destination: pygit2.Repository, branch: str, tip: str, before: str | None
) -> None:
    """Bring the objects over, then move the branch if it still stands where it stood."""
    workshop.references.create("refs/heads/made", tip, force=True)
    _git(
        destination,
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        workshop.path,
        "refs/heads/made",
    )
    old = before or "0" * len(tip)
    _git(destination, "update-ref", f"refs/heads/{branch}", tip, old)


def _git(repository: pygit2.Repository, *arguments: str) -> None:
    try:
        git(repository, *arguments)
    except GitFailedError as error:
        raise RepositoryError(f"git {arguments[0]} failed: {error}", hint="the destination is unchanged") from error


def deciding_rules(config: Config, path: bytes) -> list[str]:
    """What becomes of a path, and why: a line for each rule that has a say."""
    verdict = config.paths.verdict(path)
    name = config.source.path.name
    lines = [_said(name, verdict.selected_by, "published" if verdict.target is not None else "not published")]
    if verdict.moved_by is not None and verdict.target is not None:
        lines.append(f"{name}:{verdict.moved_by.line}: {verdict.moved_by} makes it {shown(verdict.target)}")
    if verdict.target is not None:
        lines += [f"{name}: {rule}" for rule in config.contents.applicable(path)]
    return lines


def _said(name: str, rule: Selection | Move | None, outcome: str) -> str:
    if rule is None:
        return f"{name}: no rule names it, so [paths] unmatched decides: {outcome}"
    return f"{name}:{rule.line}: {rule}: {outcome}"
