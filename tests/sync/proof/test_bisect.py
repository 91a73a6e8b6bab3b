# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The search against git bisect's promise: the first bad commit of any history, and few questions."""

from __future__ import annotations

import random

import pytest

from keima_sync.proof.bisect import first_bad


def _drawn(rng: random.Random, size: int) -> dict[str, list[str]]:
    """A history in which all but the last commit lead to the last one."""
    parents: dict[str, list[str]] = {"0": []}
    for number in range(1, size):
        nearest = [str(place) for place in range(max(0, number - 4), number)]
        parents[str(number)] = rng.sample(nearest, min(len(nearest), rng.choice([1, 1, 2])))
    loose = set(parents) - {parent for each in parents.values() for parent in each}
    parents["last"] = sorted(loose)
    return parents


def _past(parents: dict[str, list[str]], commit: str) -> set[str]:
    seen: set[str] = set()
    waiting = [commit]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += parents[one]
    return seen


def _questions(seed: int) -> int:
    rng = random.Random(seed)
    parents = _drawn(rng, 120)
    culprit = rng.choice(list(parents))
    asked: list[str] = []

    def judge(commit: str) -> bool:
        asked.append(commit)
        return culprit not in _past(parents, commit)

    found = first_bad(list(parents), parents, judge)
    assert (found.first, found.suspects) == (culprit, ())
    assert len(asked) == len(set(asked))
    return len(asked)


def test_the_first_bad_commit_is_found_with_few_questions() -> None:
    counts = [_questions(seed) for seed in range(100)]
    assert sum(counts) / len(counts) < 10 and max(counts) < 30  # log2(121) is 7; a merge of many lines takes more


@pytest.mark.parametrize("seed", range(30))
def test_what_cannot_be_judged_is_a_suspect_only_where_it_matters(seed: int) -> None:
    rng = random.Random(seed)
    parents = _drawn(rng, 60)
    culprit = rng.choice(list(parents))
    dark = set(rng.sample([commit for commit in parents if commit != "last"], 15))
    found = first_bad(list(parents), parents, lambda one: None if one in dark else culprit not in _past(parents, one))
    assert culprit == found.first or culprit in found.suspects
    assert set(found.suspects) <= dark


def test_a_history_of_one_commit() -> None:
    assert first_bad(["a"], {"a": []}, lambda _: True).first == "a"
