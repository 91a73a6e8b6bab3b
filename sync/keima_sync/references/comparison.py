# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The references of a public tree, kept resolved in it and in the internal tree while both change."""

from __future__ import annotations

from collections.abc import Callable

from keima_sync.references.following import Change, Followed, Lost, Query, applied
from keima_sync.references.languages import Extractions
from keima_sync.references.resolve import likeliest, lookup
from keima_sync.references.tree import Tree


class Comparison(Followed):
    """Which references resolve in the internal tree and not, or to another file, in the public one."""

    def __init__(self, internal: Tree, public: Tree, extractions: Extractions) -> None:
        super().__init__(public, (internal,), extractions)
        self._internal, self._public = internal, public

    def begin_with(self, change: Change) -> None:
        """Fill empty trees; references are resolved when a file that has them is asked for."""
        applied(self._internal, change.internal, set())
        applied(self._public, change.public, set())
        self.begin({path: origin for path, origin in change.origins.items() if origin is not None}, lazily=True)

    def change(self, change: Change) -> set[bytes]:
        """Take in what differs now; returns the files whose losses may."""
        touched = {path for path, origin in change.origins.items() if self._origins.get(path) != origin}
        links = applied(self._internal, change.internal, touched)
        links |= applied(self._public, change.public, touched)
        for path, origin in change.origins.items():
            self._origins.pop(path, None)
            if origin is not None:
                self._origins[path] = origin
        return self._follow({**change.public, **change.origins}, touched, links=links)

    def _answer(self, query: Query, *, behind_link: bool) -> Lost | None:
        imports, candidates, suffixes, folder, origin = query
        before = likeliest(imports, candidates, suffixes, origin, self._internal)
        if before is None or (not behind_link and self._stays(query, before)):
            return None
        after = lookup(imports, candidates, suffixes, folder, self._public)
        if not after:
            return Lost(before, None)
        return None if before in map(self._origin, after) else Lost(before, after[0])

    def _stays(self, query: Query, found: bytes) -> bool:
        """Whether the public tree has what was found where it was, for a referrer that is where it was.

        A package that moves may end what began an import, so imports are asked again where anything moves.
        """
        unmoved = query.folder == query.origin and not (self._origins and query.imports)
        return unmoved and self._public.has(found) and self._origin(found) == found


def compared(internal: Tree, public: Tree, extractions: Extractions, origin: Callable[[bytes], bytes]) -> Comparison:
    """The comparison of two whole trees."""
    made = Comparison(internal, public, extractions)
    made.begin({path: name for path in public.files if (name := origin(path)) != path})
    return made
