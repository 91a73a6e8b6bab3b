# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What is broken at one commit, from what was broken at the one before it and what has changed since."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import pygit2

from keima_sync.references import syntax
from keima_sync.references.check import DANGLING, RETARGETED
from keima_sync.references.comparison import Comparison
from keima_sync.references.following import Change
from keima_sync.references.languages import Extractions
from keima_sync.references.lone import Lone
from keima_sync.references.model import Reference, text
from keima_sync.references.timeline import NOTHING, Delta, Fault, Faults, Found
from keima_sync.references.tree import Tree, blob_reader


class Watch(ABC):
    """Trees at one commit, with what is broken in them."""

    def __init__(self) -> None:
        self._faults = Faults()

    @abstractmethod
    def change(self, change: Change) -> set[bytes]:
        """Take in a change; returns the files that may be broken in another way now."""

    @abstractmethod
    def _of(self, path: bytes) -> Iterator[tuple[Fault, Reference | None]]:
        """What is broken in a file."""

    def step(self, change: Change) -> Delta:
        """Take in a change; returns what it breaks and mends."""
        if not change.internal and not change.public:
            return NOTHING
        return self._faults.replace({path: dict(self._of(path)) for path in self.change(change)})

    def faults(self) -> Found:
        """All faults now."""
        return self._faults.all()


class ExportWatch(Watch):
    """The internal and the public tree, with what is broken between them."""

    def __init__(self, repository: pygit2.Repository, extractions: Extractions) -> None:
        super().__init__()
        read = blob_reader(repository)
        self.internal, self.public = Tree(read), Tree(read)
        self.comparison = Comparison(self.internal, self.public, extractions)
        self._syntax = syntax.Watch(self.internal, self.public)

    @property
    def broken(self) -> Mapping[bytes, str]:
        """What stripping did to the syntax of files."""
        return self._syntax.broken

    def begin(self, change: Change, found: Found) -> None:
        """Take in whole trees, and what is known to be broken in them."""
        self.comparison.begin_with(change)
        self._syntax.change(change)
        by_path: dict[bytes, dict[Fault, Reference | None]] = {}
        for fault, reference in found.items():
            by_path.setdefault(fault.path, {})[fault] = reference
        self._faults.replace(by_path)

    def change(self, change: Change) -> set[bytes]:
        return self.comparison.change(change) | self._syntax.change(change)

    def _of(self, path: bytes) -> Iterator[tuple[Fault, Reference | None]]:
        for reference, lost in self.comparison.lost_by(path):
            after = () if lost.after is None else (text(lost.after),)
            what = (reference.kind.value, reference.target, text(lost.before), *after)
            yield Fault(RETARGETED if after else DANGLING, path, what), reference
        fault = self._syntax.broken.get(path)
        if fault:
            yield Fault(syntax.BROKEN, path, (fault,)), None


class LoneWatch(Watch):
    """A tree alone, with the firm references that lead nowhere."""

    def __init__(self, tree: Tree, extractions: Extractions) -> None:
        super().__init__()
        self._tree = Lone(tree, extractions)

    def change(self, change: Change) -> set[bytes]:
        return self._tree.change(change.public)

    def _of(self, path: bytes) -> Iterator[tuple[Fault, Reference | None]]:
        for reference, _ in self._tree.lost_by(path):
            yield Fault(DANGLING, path, (reference.kind.value, reference.target)), reference
