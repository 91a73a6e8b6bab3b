# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Follows the firm references of a repository over its history: which commit made one dangle, which mended it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pygit2

from keima_cli.findings import Finding, Severity
from keima_sync.references.check import DANGLING, Located, is_dangling
from keima_sync.references.languages import Extractions
from keima_sync.references.model import Strength
from keima_sync.references.tree import Entry, Tree, blob_reader

_Key = tuple[bytes, str]


@dataclass(frozen=True)
class Episode:
    """A reference that dangled from one commit until another, or to the end."""

    located: Located
    introduced: pygit2.Commit
    fixed: pygit2.Commit | None = None

    def finding(self) -> Finding:
        """An error if it dangles still, else a note; line numbers are those of the commit that introduced it."""
        author = self.introduced.author
        until = f"fixed by {_short(self.fixed)}" if self.fixed else "never fixed"
        message = f"{self.located.reference.target} dangles since {_short(self.introduced)} ({author.name}), {until}"
        found = self.located.finding(DANGLING, message, Severity.NOTE if self.fixed else Severity.ERROR)
        commits = [("introduced", str(self.introduced.id)), ("author", f"{author.name} <{author.email}>")]
        if self.fixed:
            commits.append(("fixed", str(self.fixed.id)))
        return replace(found, key=f"{found.key} {self.introduced.id}", properties=(*found.properties, *commits))


def _short(commit: pygit2.Commit) -> str:
    return str(commit.id)[:9]


def commits_to(tip: pygit2.Commit) -> list[pygit2.Commit]:
    """The chain of first parents that ends in `tip`, oldest first."""
    chain = [tip]
    while chain[-1].parents:
        chain.append(chain[-1].parents[0])
    return chain[::-1]


class _Watch:
    """The tree at one commit, with the firm references of each file."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._tree = Tree(blob_reader(repository))
        self._extractions = Extractions()
        self._firm: dict[bytes, tuple[Located, ...]] = {}

    def step(self, before: pygit2.Tree | None, after: pygit2.Tree) -> None:
        """Take in what a commit changed, and nothing else."""
        changed = before.diff_to_tree(after) if before else after.diff_to_tree(swap=True)
        for delta in changed.deltas:
            old, new = delta.old_file.raw_path, delta.new_file.raw_path
            if old in self._tree.files:
                self._tree.remove(old)
                self._firm.pop(old, None)
            if delta.status_char() != "D":
                self._tree.add(new, Entry(int(delta.new_file.mode), str(delta.new_file.id)))
                self._read(new)

    def _read(self, path: bytes) -> None:
        found = self._extractions.of(self._tree, path).references
        firm = tuple(Located(path, reference) for reference in found if reference.strength is Strength.FIRM)
        if firm:
            self._firm[path] = firm

    def dangling(self) -> dict[_Key, Located]:
        """Firm references that lead nowhere now."""
        return {
            (located.referrer, located.reference.target): located
            for firm in self._firm.values()
            for located in firm
            if is_dangling(located, self._tree)
        }


def episodes(repository: pygit2.Repository, tip: pygit2.Commit) -> Iterator[Episode]:
    """Yield each stretch of history in which a firm reference led nowhere: ended ones as they end, then the open."""
    watch = _Watch(repository)
    running: dict[_Key, Episode] = {}
    before: pygit2.Tree | None = None
    for commit in commits_to(tip):
        watch.step(before, commit.tree)
        before = commit.tree
        dangling = watch.dangling()
        for key in [key for key in running if key not in dangling]:
            yield replace(running.pop(key), fixed=commit)
        for key, located in dangling.items():
            running.setdefault(key, Episode(located, commit))
    yield from running.values()
