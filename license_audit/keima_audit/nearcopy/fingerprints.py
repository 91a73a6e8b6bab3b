# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The fingerprints of a text: few enough to keep, and enough to find any longer part of it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keima_audit.nearcopy.tokens import Tokens, tokens_of

RUN = 24
"""Tokens that a fingerprint spans."""
WINDOW = 8
"""Runs of which one fingerprint is kept."""
VARIETY = 6
"""Different tokens that a run has at least, numbers counted as one."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True)
class Fingerprints:
    """Hashes in the order of the text, and the line on which each begins."""

    hashes: NDArray[np.uint64]
    lines: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.hashes)


def fingerprints(text: str, language: str) -> Fingerprints:
    """The fingerprints of a source text; none for one of fewer than RUN tokens."""
    tokens = tokens_of(text, language)
    if len(tokens.values) < RUN:
        return Fingerprints(tokens.values[:0], tokens.lines[:0])
    runs = _rolling(tokens.values)
    kept = _least(runs)
    kept = kept[_varied(tokens, kept)]
    return Fingerprints(runs[kept], tokens.lines[kept])


def _least(runs: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The positions of each window's least hash."""
    if len(runs) <= WINDOW:
        return np.array([int(runs.argmin())])
    windows = np.lib.stride_tricks.sliding_window_view(runs, WINDOW)
    # The rightmost of equal ones, as the paper has it: fewer are kept of texts that repeat themselves.
    return np.unique(np.arange(len(windows)) + WINDOW - 1 - windows[:, ::-1].argmin(axis=1))


def _varied(tokens: Tokens, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which runs have enough different tokens to say something: tables of constants are alike everywhere."""
    values = np.where(tokens.numbers, np.uint64(0), tokens.values)
    runs = np.sort(np.lib.stride_tricks.sliding_window_view(values, RUN)[starts], axis=1)
    return np.asarray((runs[:, 1:] != runs[:, :-1]).sum(axis=1) + 1 >= VARIETY, dtype=np.bool_)


def _rolling(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A hash of each run of RUN tokens: a polynomial modulo 2^64, mixed so that its order means nothing."""
    length = len(values) - RUN + 1
    with np.errstate(over="ignore"):
        total = np.zeros(length, dtype=np.uint64)
        for offset in range(RUN):
            total = total * _BASE + values[offset : offset + length] + np.uint64(1)
        total ^= total >> np.uint64(31)
        total *= _MIX
        total ^= total >> np.uint64(29)
    return total
