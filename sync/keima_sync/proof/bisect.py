# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the first bad commit of a history with merges, with as few proofs as it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bisected:
    """`first` is the first bad commit; `suspects` are those that could not be judged and may be it instead."""

    first: str
    suspects: tuple[str, ...] = ()


def first_bad(
    history: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    judge: Callable[[str], bool | None],
) -> Bisected:
    """The first bad commit of `history`: parents first, the last one known to be bad, all before it known to be good.

    `judge` says whether a commit is good; None: it cannot be told. As in git bisect, the commit asked next is the one
    that leaves the fewest whichever way it goes, and one answer settles all that it descends from (if good) or all
    that do not lead to it (if bad).
    """
    number = {commit: place for place, commit in enumerate(history)}
    behind: list[int] = []  # bit sets: each commit and all it descends from
    for place, commit in enumerate(history):
        known = [behind[number[parent]] for parent in parents[commit] if parent in number]
        behind.append(_union(known) | 1 << place)
    left = behind[-1]
    worst = len(history) - 1
    unknown = 0
    while True:
        chosen = _best(behind, left & ~unknown & ~(1 << worst), left)
        if chosen is None:
            others = [commit for commit in history if left >> number[commit] & 1 and number[commit] != worst]
            return Bisected(history[worst], tuple(others))
        good = judge(history[chosen])
        if good is None:
            unknown |= 1 << chosen
        elif good:
            left &= ~behind[chosen]
        else:
            left &= behind[chosen]
            worst = chosen


def _union(sets: Sequence[int]) -> int:
    made = 0
    for one in sets:
        made |= one
    return made


def _best(behind: Sequence[int], choices: int, left: int) -> int | None:
    """The commit of `choices` whose past is nearest to half of what is left."""
    total = left.bit_count()
    best, gain = None, -1
    while choices:
        place = choices.bit_length() - 1
        choices ^= 1 << place
        past = (behind[place] & left).bit_count()
        if min(past, total - past) > gain:
            best, gain = place, min(past, total - past)
    return best
