# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Extracts references from many blobs in other processes, while this one compares what was extracted before."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

import pygit2

from keima_sync.references.blobs import content
from keima_sync.references.encoding import encoded
from keima_sync.references.languages import Extractions, extract, key_of
from keima_sync.references.store import Key
from keima_sync.references.tree import MAX_BYTES, Entry

Item = TypeVar("Item")
_PART = 64  # blobs of one task
_ENOUGH = 256  # blobs for which another process is worth its start
Parts = list[tuple[list[Key], "Future[list[bytes | None]]"]]


def read_ahead(
    items: Iterator[Item],
    files: Callable[[Item], Mapping[bytes, Entry | None]],
    chunk: int,
    *places: str,
    extractions: Extractions,
) -> Iterator[Item]:
    """Yield the items, with the extractions of their files known by then; those of the next chunk are on the way.

    `places` are the repositories that hold the blobs. What is read already, here or in a store, is not read again.
    """
    with _Readers(places, extractions) as readers:
        current = list(islice(items, chunk))
        parts = readers.ask(files, current)
        while current:
            following = list(islice(items, chunk))
            coming = readers.ask(files, following)
            readers.take(parts)
            yield from current
            current, parts = following, coming


class _Readers:
    """Processes that read blobs; none is started for few."""

    def __init__(self, places: tuple[str, ...], extractions: Extractions) -> None:
        self._places, self._extractions = places, extractions
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Readers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def ask(self, files: Callable[[Item], Mapping[bytes, Entry | None]], items: list[Item]) -> Parts:
        """Begin to read what the items need and nobody has read."""
        keys: dict[Key, None] = {}
        for item in items:
            for path, entry in files(item).items():
                key = key_of(path, entry) if entry is not None else None
                if key is not None and not self._extractions.has(key):
                    keys[key] = None
        wanted = list(keys)
        if self._pool is None:
            if len(wanted) < _ENOUGH or (os.cpu_count() or 1) < 2:
                return []  # they are read when they are needed
            self._pool = ProcessPoolExecutor(
                min(os.cpu_count() or 1, 8), get_context("spawn"), initializer=_open, initargs=(self._places,)
            )
        cut = [wanted[start : start + _PART] for start in range(0, len(wanted), _PART)]
        return [(part, self._pool.submit(_extracted, part)) for part in cut]

    def take(self, parts: Parts) -> None:
        """Wait for what was asked for; what no process could read is left to be read here."""
        for keys, future in parts:
            for key, found in zip(keys, future.result(), strict=True):
                if found is not None:
                    self._extractions.put(key, found)


_repositories: list[pygit2.Repository] = []


def _open(places: tuple[str, ...]) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # syntax trees have no cycles, and looking for some takes a fifth of the time
    _repositories.extend(pygit2.Repository(place) for place in places)


def _end_with_parent() -> None:
    """A parent that was killed cannot shut its pool down: its processes would wait for tasks for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _extracted(keys: list[Key]) -> list[bytes | None]:
    return [_of(blob, language) for blob, language in keys]


def _of(blob: str, language: str) -> bytes | None:
    for repository in _repositories:
        found = content(repository, blob, MAX_BYTES)
        if found is not None:
            return encoded(extract(language, found))
    return None
