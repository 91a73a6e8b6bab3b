# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""In which order and in what batches samples are taken."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .dataset import Dataset

__all__ = [
    "Infinite",
    "MapSampler",
    "RandomSampler",
    "ReplacementSampler",
    "Sampler",
    "SequentialSampler",
    "StreamSampler",
]


class Sampler(ABC):
    """Gives batches of positions."""

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...


class MapSampler(Sampler):
    """Batches of positions in a dataset; subclasses give the order by `sample`.

    Args:
        dataset: what the positions are of.
        batch_size: positions a batch.
        drop_last: leave out a last batch that is not full.
        num_samples: positions in one pass of all ranks; by default the dataset's length.
        world_size, rank: of so many processes this one takes every `world_size`-th position from `rank` on; the
            order is continued from its start so that all get the same number.
        seed: of the order; without one it comes from the system.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        drop_last: bool = False,
        num_samples: int | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.world_size, self.rank = world_size or 1, rank or 0
        self._given_samples = num_samples
        if batch_size < 1:
            raise ValueError(f"{type(self).__name__}: batch_size must be at least 1, got {batch_size}")
        if not 0 <= self.rank < self.world_size:
            raise ValueError(f"{type(self).__name__}: rank {self.rank} is not below world_size {self.world_size}")
        if num_samples is not None and num_samples < 1:
            raise ValueError(f"{type(self).__name__}: num_samples must be at least 1, got {num_samples}")
        self.rng = np.random.Generator(np.random.Philox(seed))

    @property
    def num_samples(self) -> int:
        """Positions in one pass of all ranks."""
        return len(self.dataset) if self._given_samples is None else self._given_samples

    @abstractmethod
    def sample(self) -> Sequence[int]:
        """The positions of one pass, of all ranks."""

    def scatter(self, indices: Sequence[int]) -> list[int]:
        """This rank's part of the positions."""
        if not indices:
            return []
        wanted = math.ceil(len(indices) / self.world_size) * self.world_size
        return [indices[i % len(indices)] for i in range(self.rank, wanted, self.world_size)]

    def batch(self) -> Iterator[list[int]]:
        """This rank's batches of one pass."""
        own = self.scatter([int(i) for i in self.sample()])
        end = len(own) // self.batch_size * self.batch_size if self.drop_last else len(own)
        for start in range(0, end, self.batch_size):
            yield own[start : min(start + self.batch_size, end)]

    def __iter__(self) -> Iterator[list[int]]:
        return self.batch()

    def __len__(self) -> int:
        own = math.ceil(self.num_samples / self.world_size)
        return own // self.batch_size if self.drop_last else math.ceil(own / self.batch_size)


class _OfIndices(MapSampler):
    """A pass over the whole dataset, or over chosen positions of it."""

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        drop_last: bool = False,
        indices: Sequence[int] | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, batch_size, drop_last, None, world_size, rank, seed)
        self.indices = None if indices is None else list(indices)

    @property
    def num_samples(self) -> int:
        return len(self.dataset) if self.indices is None else len(self.indices)

    def _positions(self) -> list[int]:
        return list(range(len(self.dataset))) if self.indices is None else self.indices


class SequentialSampler(_OfIndices):
    """Every position once, in order.

    >>> from keima.data import ArrayDataset
    >>> list(SequentialSampler(ArrayDataset(range(5)), batch_size=2))
    [[0, 1], [2, 3], [4]]
    """

    def sample(self) -> list[int]:
        return self._positions()


class RandomSampler(_OfIndices):
    """Every position once, in an order that is new in each pass."""

    def sample(self) -> list[int]:
        positions = self._positions()
        return [positions[i] for i in self.rng.permutation(len(positions))]


class ReplacementSampler(MapSampler):
    """Positions drawn independently, each as often as its weight says.

    Args:
        weights: a number a sample, not all zero; they need not add up to one.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        drop_last: bool = False,
        num_samples: int | None = None,
        weights: Sequence[float] | None = None,
        world_size: int | None = None,
        rank: int | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(dataset, batch_size, drop_last, num_samples, world_size, rank, seed)
        self.shares = None if weights is None else self._normalized(np.asarray(weights, np.float64))

    def _normalized(self, weights: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
        if weights.shape != (len(self.dataset),) or weights.min(initial=0) < 0 or not 0 < weights.sum() < np.inf:
            raise ValueError(f"ReplacementSampler: expected {len(self.dataset)} weights of 0 or more, not all 0")
        shares: np.ndarray[Any, np.dtype[np.float64]] = weights / weights.sum()
        return shares

    def sample(self) -> list[int]:
        drawn: list[int] = self.rng.choice(len(self.dataset), self.num_samples, p=self.shares).tolist()
        return drawn


class Infinite(Sampler):
    """The passes of another sampler, without end."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield from self.sampler


class StreamSampler(Sampler):
    """How many samples of a stream make a batch."""

    def __init__(self, batch_size: int = 1) -> None:
        if batch_size < 1:
            raise ValueError(f"StreamSampler: batch_size must be at least 1, got {batch_size}")
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[list[int]]:
        number = 0
        while True:
            yield list(range(number, number + self.batch_size))
            number += self.batch_size
