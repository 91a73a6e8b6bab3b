# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Looks at what each published commit adds: names, contents, symlinks, message and people; every blob once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pygit2

from keima_cli.findings import Finding, Rule
from keima_sync.errors import shown
from keima_sync.git_command import GitFailedError, parts_of_blob
from keima_sync.leaks import Leak, LeakRules
from keima_sync.references.blobs import content
from keima_sync.tree_filter import GITLINK, SYMLINK, TREE, Item, Oid, parse_tree

LEAK = Rule(
    "leak",
    "Something internal would be published",
    "Exclude the file, mark the block, replace the text, or correct the message before the export. What matched is not"
    " printed; the rule that matched is.",
)
_LARGEST = 256 << 20  # that is held in memory
_PART = 16 << 20


class LeakWatch:
    """Applies leak rules to commits as they are made."""

    def __init__(self, repository: pygit2.Repository, rules: LeakRules) -> None:
        self._repository = repository
        self._rules = rules
        self._contents: dict[Oid, list[Leak]] = {}
        self._seen: set[tuple[bytes, Oid]] = set()

    def in_commit(self, origin: str, raw: bytes, tree: str, parents: Sequence[Oid]) -> list[Finding]:
        """What a commit object and the files that are new in its tree give away."""
        if not self._rules:
            return []
        head, _, message = raw.partition(b"\n\n")
        people = b"\n".join(line for line in head.split(b"\n") if line.startswith((b"author ", b"committer ")))
        found = [_finding(origin, "", leak, "the commit's message") for leak in self._rules.in_text(message)]
        found += [
            _finding(origin, "", leak, "the commit's author or committer") for leak in self._rules.in_text(people)
        ]
        for path, item in self._new_files(pygit2.Oid(hex=tree), parents[0] if parents else None, b""):
            if (path, item.oid) not in self._seen:
                self._seen.add((path, item.oid))
                found += self._in_file(origin, path, item)
        return found

    def _in_file(self, origin: str, path: bytes, item: Item) -> Iterator[Finding]:
        name = shown(path)
        for leak in self._rules.in_name(path):
            yield _finding(origin, name, leak, "its name")
        if item.mode == GITLINK:
            return
        if item.oid not in self._contents:
            self._contents[item.oid] = self._in_blob(item)
        what = "the symlink's target" if item.mode == SYMLINK else "its content"
        for leak in self._contents[item.oid]:
            yield _finding(origin, name, leak, f"{leak.member} in it" if leak.member else what)

    def _in_blob(self, item: Item) -> list[Leak]:
        data = content(self._repository, item.oid, _LARGEST)
        if data is not None:
            return self._rules.in_text(data) if item.mode == SYMLINK else self._rules.in_content(data)
        try:
            return self._rules.in_parts(parts_of_blob(self._repository, str(item.oid), _PART))
        except GitFailedError:
            return [Leak(0, "a content that cannot be looked at", "")]

    def _new_files(self, tree: Oid, before: Oid | None, prefix: bytes) -> Iterator[tuple[bytes, Item]]:
        old = {item.name: item for item in self._listing(before)} if before else {}
        for item in self._listing(tree):
            there = old.get(item.name)
            if there is not None and there.oid == item.oid:
                continue
            if item.mode == TREE:
                inner = there.oid if there is not None and there.mode == TREE else None
                yield from self._new_files(item.oid, inner, prefix + item.name + b"/")
            else:
                yield prefix + item.name, item

    def _listing(self, tree: Oid) -> list[Item]:
        return parse_tree(self._repository.read(tree)[1])


def _finding(origin: str, path: str, leak: Leak, where: str) -> Finding:
    rule = f" (rule at {leak.rule})" if leak.rule else ""
    return Finding(
        LEAK.id,
        f"{leak.kind} in {where}, commit {origin[:12]}{rule}",
        path=path,
        line=0 if leak.member or "name" in where else leak.line if path else 0,
        hint="exclude, mark or replace it",
    )
