# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Says which files of a tree a reference may mean, the likeliest first."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache

from keima_sync.references.model import ANCESTOR, Kind, Reference
from keima_sync.references.tree import Tree, ancestors, folder_of, join

_STANDARD_MODULES = {name.encode() for name in sys.stdlib_module_names}


def resolve(reference: Reference, referrer: bytes, tree: Tree) -> tuple[bytes, ...]:
    """Paths that exist: candidates in their order, then those with the right end, nearest to the referrer first."""
    return lookup(reference.kind is Kind.IMPORT, reference.candidates, reference.suffixes, folder_of(referrer), tree)


def lookup(
    imports: bool, candidates: tuple[bytes, ...], suffixes: tuple[bytes, ...], folder: bytes, tree: Tree
) -> tuple[bytes, ...]:
    """The same for all references that are written so in files of one folder."""
    found: dict[bytes, None] = {}
    for candidate in candidates:
        for path in places(candidate, folder):
            hit = tree.find(path)
            if hit is not None:
                found[hit] = None
    for suffix in suffixes:
        ending = _ending(suffix, folder, tree, imports=imports)
        found.update(dict.fromkeys(sorted(ending, key=_nearness(folder)) if len(ending) > 1 else ending))
    return tuple(found)


def likeliest(
    imports: bool, candidates: tuple[bytes, ...], suffixes: tuple[bytes, ...], folder: bytes, tree: Tree
) -> bytes | None:
    """The first path of `lookup`, without looking for the others."""
    for candidate in candidates:
        for path in places(candidate, folder):
            hit = tree.find(path)
            if hit is not None:
                return hit
    for suffix in suffixes:
        ending = _ending(suffix, folder, tree, imports=imports)
        if ending:
            return min(ending, key=_nearness(folder)) if len(ending) > 1 else ending[0]
    return None


@lru_cache(1 << 17)  # the same are asked for at each commit that may touch them
def places(candidate: bytes, folder: bytes) -> tuple[bytes, ...]:
    """The paths from the root that a candidate stands for; none where it leaves the tree."""
    if candidate.startswith(ANCESTOR):
        rest = candidate[len(ANCESTOR) :]
        joined = [join(above, rest) for above in (folder, *ancestors(folder))]
        return tuple(path for path in joined if path is not None)
    path = join(b"", candidate.lstrip(b"/")) if candidate.startswith(b"/") else join(folder, candidate)
    return () if path is None else (path,)


def _ending(suffix: bytes, folder: bytes, tree: Tree, *, imports: bool) -> list[bytes]:
    ending = tree.ending(suffix)
    if not imports or not ending:
        return ending
    return [path for path in ending if _on_python_path(path[: -len(suffix)].rstrip(b"/"), suffix, folder, tree)]


def _on_python_path(root: bytes, suffix: bytes, folder: bytes, tree: Tree) -> bool:
    """A folder that is a package itself is no place where absolute imports start, unless a script lies in it."""
    if root == folder:
        return True
    top = suffix.partition(b"/")[0].partition(b".")[0]
    return top not in _STANDARD_MODULES and (not root or root + b"/__init__.py" not in tree.files)


def _nearness(folder: bytes) -> Callable[[bytes], tuple[int, int, bytes]]:
    here = folder.split(b"/")

    def key(path: bytes) -> tuple[int, int, bytes]:
        there = path.split(b"/")
        shared = next(
            (i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), min(len(here), len(there))
        )
        return -shared, len(there), path

    return key
