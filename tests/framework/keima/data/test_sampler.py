# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Samplers, as MegEngine 1.13 behaves where it was asked."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from keima.data import (
    ArrayDataset,
    ConcatDataset,
    Infinite,
    RandomSampler,
    ReplacementSampler,
    SequentialSampler,
)

TEN = ArrayDataset(np.arange(10))


def test_sequential_as_megengine() -> None:
    assert list(SequentialSampler(TEN, batch_size=3)) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert list(SequentialSampler(TEN, batch_size=2, world_size=3, rank=1)) == [[1, 4], [7, 0]]
    assert list(SequentialSampler(TEN, batch_size=3, indices=[5, 6, 7, 8])) == [[5, 6, 7], [8]]


@pytest.mark.parametrize("world", [1, 2, 3, 4, 11])
@pytest.mark.parametrize("batch", [1, 3, 10, 20])
@pytest.mark.parametrize("drop", [False, True])
def test_ranks_share_everything_and_lengths_are_true(world: int, batch: int, drop: bool) -> None:
    parts = [SequentialSampler(TEN, batch, drop, world_size=world, rank=rank) for rank in range(world)]
    batches = [list(part) for part in parts]
    assert len({len(b) for b in batches}) == 1
    assert all(len(part) == len(b) for part, b in zip(parts, batches, strict=True))
    if not drop:
        assert {i for b in batches for group in b for i in group} == set(range(10))


def test_random_order_is_new_each_pass_and_repeats_with_the_seed() -> None:
    first, second = RandomSampler(TEN, 4, True, seed=1), RandomSampler(TEN, 4, True, seed=1)
    passes = [list(first), list(first)]
    assert passes == [list(second), list(second)]
    assert passes[0] != passes[1]
    assert [len(group) for group in passes[0]] == [4, 4]
    assert sorted(i for group in RandomSampler(TEN, 3, seed=5) for i in group) == list(range(10))
    assert sorted(i for group in RandomSampler(TEN, 3, indices=[2, 5, 7], seed=5) for i in group) == [2, 5, 7]


def test_weights_are_followed() -> None:
    sampler = ReplacementSampler(TEN, 100, num_samples=9000, weights=[0, 1, 2] + [0] * 7, seed=0)
    drawn = Counter(i for group in sampler for i in group)
    assert set(drawn) == {1, 2}
    assert drawn[2] / 9000 == pytest.approx(2 / 3, abs=0.03)
    for weights in ([1.0], [0.0] * 10, [-1.0] + [1.0] * 9):
        with pytest.raises(ValueError, match="weights"):
            ReplacementSampler(TEN, weights=weights)


def test_infinite_goes_on() -> None:
    three = SequentialSampler(ArrayDataset(np.arange(3)), batch_size=2)
    assert list(islice(Infinite(three), 5)) == [[0, 1], [2], [0, 1], [2], [0, 1]]


def test_wrong_ranks_and_sizes() -> None:
    with pytest.raises(ValueError, match="rank 3"):
        SequentialSampler(TEN, world_size=3, rank=3)
    with pytest.raises(ValueError, match="batch_size"):
        SequentialSampler(TEN, batch_size=0)


def test_concatenated_datasets() -> None:
    both = ConcatDataset([ArrayDataset(np.arange(3)), ArrayDataset(np.arange(10, 12))])
    assert [both[i] for i in range(5)] == [(0,), (1,), (2,), (10,), (11,)]
    assert both[-1] == (11,)
    with pytest.raises(IndexError, match="out of range"):
        both[5]
    with pytest.raises(ValueError, match="one length"):
        ArrayDataset(np.arange(3), np.arange(2))
