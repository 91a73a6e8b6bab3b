# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Where each fingerprint of a corpus stands, and which of its files a text shares most with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from keima_audit.nearcopy.findings import Likeness
from keima_audit.nearcopy.fingerprints import Fingerprints

COMMON = 12
"""In more files of the corpus than this, a fingerprint says nothing about where a text comes from."""
LEAST = 14
"""Different fingerprints that a text has to share with one file: about 80 tokens in a row, ten lines."""
LEAST_WHOLE = 6
"""Fingerprints of a text that is the same as a whole file, however common they are."""
DENSE = 0.5
"""The part of the fingerprints between the first and last shared ones that has to be shared too."""


class Index:
    """The fingerprints of a corpus, sorted by hash."""

    def __init__(self, corpus: Mapping[str, Fingerprints]) -> None:
        self._names = sorted(corpus)
        prints = [corpus[name] for name in self._names]
        self._sizes = [len(np.unique(item.hashes)) for item in prints]
        self._prints = prints
        self._whole = {item.hashes.tobytes(): number for number, item in enumerate(prints) if len(item) >= LEAST_WHOLE}
        hashes = np.concatenate([item.hashes for item in prints] or [np.zeros(0, np.uint64)])
        lines = np.concatenate([item.lines for item in prints] or [np.zeros(0, np.int32)])
        files = np.repeat(np.arange(len(prints), dtype=np.int32), [len(item) for item in prints])
        order = np.lexsort((lines, files, hashes))
        kept = _telling(hashes[order], files[order])
        self._hashes, self._files, self._lines = hashes[order][kept], files[order][kept], lines[order][kept]

    def most_like(self, text: Fingerprints) -> Likeness | None:
        """The file of the corpus that shares most with a text; None if none shares enough."""
        same = self._whole.get(text.hashes.tobytes())
        if same is not None:
            return self._equal(same, text)
        first = np.searchsorted(self._hashes, text.hashes, side="left")
        last = np.searchsorted(self._hashes, text.hashes, side="right")
        counts = last - first
        if not counts.any():
            return None
        mine = np.repeat(np.arange(len(text)), counts)
        theirs = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True) if b > a])
        found = [
            likeness
            for file in np.unique(self._files[theirs])
            if (likeness := self._likeness(int(file), text, mine, theirs)) is not None
        ]
        return max(found, key=lambda likeness: (likeness.shared, likeness.source), default=None)

    def _equal(self, file: int, text: Fingerprints) -> Likeness:
        size, source = self._sizes[file], self._prints[file]
        lines, source_lines = ((int(item.lines[0]), int(item.lines[-1])) for item in (text, source))
        return Likeness(self._names[file], size, size, size, lines, source_lines)

    def _likeness(
        self, file: int, text: Fingerprints, mine: NDArray[np.int64], theirs: NDArray[np.int64]
    ) -> Likeness | None:
        here = self._files[theirs] == file
        positions, spots = mine[here], theirs[here]
        if len(np.unique(text.hashes[positions])) < LEAST:
            return None
        start, stop = _densest(np.unique(positions))
        inside = (positions >= start) & (positions <= stop)
        shared = len(np.unique(text.hashes[positions[inside]]))
        if shared < LEAST:
            return None
        own, source = text.lines[positions[inside]], self._lines[spots[inside]]
        return Likeness(
            self._names[file],
            shared,
            len(np.unique(text.hashes)),
            self._sizes[file],
            (int(own.min()), int(own.max())),
            (int(source.min()), int(source.max())),
        )


def _telling(hashes: NDArray[np.uint64], files: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which entries have a hash that stands in no more than COMMON files."""
    if not len(hashes):
        return np.zeros(0, dtype=np.bool_)
    new_hash = np.concatenate([[True], hashes[1:] != hashes[:-1]])
    new_file = new_hash | np.concatenate([[True], files[1:] != files[:-1]])
    group = np.cumsum(new_hash) - 1
    in_files = np.bincount(group, weights=new_file)
    return np.asarray(in_files[group] <= COMMON, dtype=np.bool_)


def _densest(positions: NDArray[np.int64]) -> tuple[int, int]:
    """The longest stretch between two shared positions of which at least the part DENSE is shared.

    The stretch maximises shared - DENSE * length, which a single pass finds (Kadane).
    """
    best, best_range, total, start = 0.0, (int(positions[0]), int(positions[0])), 0.0, 0
    for index, position in enumerate(positions):
        gap = float(position - positions[index - 1] - 1) if index else 0.0
        total -= DENSE * gap
        if total <= 0:
            total, start = 0.0, index
        total += 1 - DENSE
        if total > best:
            best, best_range = total, (int(positions[start]), int(position))
    return best_range
