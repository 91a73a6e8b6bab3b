# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One change of a folder as data: what to write, link or remove. Applied, judged and taken back again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Link:
    """A symbolic link to `target`."""

    target: str


Edits = dict[str, bytes | Link | None]
"""New contents by path; None removes."""


@dataclass(frozen=True)
class Change:
    """Edits of the tree or, with `wheel`, of the wheel's members; `rules` are those one of which has to catch it.

    `path` is where the finding has to be; "" accepts any place. No `rules`: nothing may be found. A wheel gets the
    RECORD that fits, unless `mended` is False; `seed` shuffles and packs its members anew. `corpora` are what the audit
    looks for near copies of.
    """

    edits: Edits
    rules: frozenset[str] = frozenset()
    path: str = ""
    wheel: Edits | None = None
    mended: bool = True
    seed: int = 0
    corpora: tuple[Path, ...] = ()
    modes: dict[str, int] | None = None


class Kinds(dict[str, Callable[..., Change]]):
    """Kinds of change by name: functions that draw one of their kind from a ground and dice."""

    def add(self, function: Callable[..., Change]) -> Callable[..., Change]:
        """Register a function under its name with spaces; a decorator."""
        self[function.__name__.replace("_", " ")] = function
        return function


def breach(edits: Edits, *rules: str, path: str = "") -> Change:
    """A violation that one of `rules` has to catch, by default at the first path that is written."""
    return Change(edits, frozenset(rules), path or next(iter(edits)))


@contextmanager
def applied(root: Path, change: Change) -> Iterator[None]:
    """The folder with the change in it; afterwards every content is what it was."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as kept:
        before = {path: _keep(root / path, Path(kept) / str(i)) for i, path in enumerate(change.edits)}
        modes = {path: (root / path).stat().st_mode for path in change.modes or {}}
        made = [folder for path in change.edits for folder in _missing_parents(root / path)]
        try:
            for path, content in change.edits.items():
                put(root / path, content)
            for path, mode in (change.modes or {}).items():
                (root / path).chmod(mode)
            yield
        finally:
            for path, old in before.items():
                _remove(root / path)
                if old is not None:
                    old.rename(root / path)
            for path, mode in modes.items():
                (root / path).chmod(mode)
            for folder in sorted(set(made), reverse=True):
                shutil.rmtree(folder, ignore_errors=True)


def put(path: Path, content: bytes | Link | None) -> None:
    """Write, link or remove one path."""
    _remove(path)
    if content is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Link):
        path.symlink_to(content.target)
    else:
        path.write_bytes(content)


def _keep(path: Path, place: Path) -> Path | None:
    if not path.exists() and not path.is_symlink():
        return None
    if path.is_symlink():
        place.symlink_to(path.readlink())
    else:
        shutil.copy2(path, place)
    return place


def _remove(path: Path) -> None:
    if path.is_symlink() or path.exists():
        path.unlink()


def _missing_parents(path: Path) -> list[Path]:
    return [folder for folder in path.parents if not folder.exists()]
