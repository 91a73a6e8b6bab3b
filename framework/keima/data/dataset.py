# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What samples come from: by position, or as a stream."""

from __future__ import annotations

import bisect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

__all__ = ["ArrayDataset", "ConcatDataset", "Dataset", "StreamDataset"]


class Dataset(ABC):
    """Samples by position: subclasses give `__getitem__` and `__len__`."""

    @abstractmethod
    def __getitem__(self, index: int) -> Any: ...

    @abstractmethod
    def __len__(self) -> int: ...


class StreamDataset(Dataset):
    """Samples one after the other, without positions: subclasses give `__iter__`.

    With several workers each iterates for itself; `get_worker_info()` tells it which part to give.
    """

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...

    def __getitem__(self, index: int) -> Any:
        raise TypeError("a stream has no positions; iterate over it")

    def __len__(self) -> int:
        raise TypeError("a stream has no length")


class ArrayDataset(Dataset):
    """Row i of each of several arrays.

    >>> import numpy as np
    >>> [value.item() for value in ArrayDataset(np.arange(3), np.arange(3) * 2)[1]]
    [1, 2]
    """

    def __init__(self, *arrays: Any) -> None:
        super().__init__()
        if not arrays or any(len(array) != len(arrays[0]) for array in arrays):
            raise ValueError(f"ArrayDataset: expected arrays of one length, got {[len(array) for array in arrays]}")
        self.arrays = arrays

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def __len__(self) -> int:
        return len(self.arrays[0])


class ConcatDataset(Dataset):
    """Several datasets, one behind the other."""

    def __init__(self, datasets: Sequence[Dataset]) -> None:
        super().__init__()
        if any(isinstance(dataset, StreamDataset) for dataset in datasets):
            raise TypeError("ConcatDataset: streams have no length and cannot be put in a row")
        self.datasets = list(datasets)
        self._ends = list(accumulate(len(dataset) for dataset in datasets))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} samples")
        index %= len(self)
        which = bisect.bisect_right(self._ends, index)
        return self.datasets[which][index - (self._ends[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0
