# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""From changes of the internal tree to those of the public one, without writing a tree."""

from __future__ import annotations

from collections.abc import Mapping

import pygit2

from keima_sync.config import Config
from keima_sync.errors import RepositoryError, shown
from keima_sync.references.following import Change
from keima_sync.references.tree import Entry
from keima_sync.tree_filter import TreeFilter


class Publisher:
    """What the rules make of changes of the internal tree; `repository` takes contents that they alter."""

    def __init__(self, repository: pygit2.Repository, config: Config) -> None:
        self._trees = TreeFilter(repository, config.paths, config.contents)
        self._paths = config.paths
        self._targets: dict[bytes, bytes | None] = {}

    def change(self, internal: Mapping[bytes, Entry | None]) -> Change:
        """The change of both trees."""
        public: dict[bytes, Entry | None] = {}
        origins: dict[bytes, bytes | None] = {}
        for path, entry in internal.items():
            target = self._target(path)
            if target is None:
                continue
            made = self._made(path, entry)
            if made is None:
                public.setdefault(target, None)
            elif public.get(target) is None:
                public[target] = made
            else:
                raise RepositoryError(
                    f"{shown(target)} is published from two places", hint="change a move, or exclude one of the two"
                )
            if target != path and (entry is not None or target not in origins):
                origins[target] = path if entry is not None else None
        return Change(internal, public, origins)

    def _target(self, path: bytes) -> bytes | None:
        if path not in self._targets:
            self._targets[path] = self._paths.verdict(path).target
        return self._targets[path]

    def _made(self, path: bytes, entry: Entry | None) -> Entry | None:
        made = self._trees.file(path, entry.mode, pygit2.Oid(hex=entry.blob)) if entry is not None else None
        return None if made is None or entry is None else Entry(entry.mode, str(made))
