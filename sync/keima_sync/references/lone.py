# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The firm references of one tree, kept resolved in it while it changes."""

from __future__ import annotations

from collections.abc import Mapping

from keima_sync.references.following import Followed, Lost, Query, applied
from keima_sync.references.languages import Extractions
from keima_sync.references.model import Reference, Strength
from keima_sync.references.resolve import likeliest
from keima_sync.references.tree import Entry, Tree

_NOWHERE = Lost(b"", None)


class Lone(Followed):
    """Which references must lead into the tree itself, and lead nowhere."""

    def __init__(self, tree: Tree, extractions: Extractions) -> None:
        super().__init__(tree, (), extractions)

    def change(self, entries: Mapping[bytes, Entry | None]) -> set[bytes]:
        """Take in what differs now; returns the files whose losses may."""
        touched: set[bytes] = set()
        links = applied(self._tree, entries, touched)
        return self._follow(entries, touched, links=links)

    def _counts(self, reference: Reference) -> bool:
        return reference.strength is Strength.FIRM and not reference.unknown

    def _answer(self, query: Query, *, behind_link: bool) -> Lost | None:
        found = likeliest(query.imports, query.candidates, query.suffixes, query.folder, self._tree)
        return _NOWHERE if found is None else None
