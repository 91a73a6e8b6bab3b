# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The loader gives the same batches whoever makes them, and says what went wrong in a worker."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keima
from keima.data import (
    ArrayDataset,
    Collator,
    DataLoader,
    Dataset,
    RandomSampler,
    SequentialSampler,
    StreamDataset,
    StreamSampler,
    get_worker_info,
)
from keima.data.transform import Compose, GaussianNoise, Normalize, RandomCrop, RandomHorizontalFlip, ToMode

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3)).astype(np.uint8)
LABELS = np.arange(40)


def load(workers: int) -> list[Any]:
    keima.random.seed(7)
    dataset = ArrayDataset(IMAGES, LABELS)
    transform = Compose(
        [RandomHorizontalFlip(), RandomCrop(8, 2), GaussianNoise(0, 3), Normalize(3.0, 2.0), ToMode()],
        order=("image", "image_category"),
    )
    sampler = RandomSampler(dataset, batch_size=6, seed=3)
    return list(DataLoader(dataset, sampler, transform, num_workers=workers))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_give_the_batches_of_one_process(workers: int) -> None:
    alone, together = load(0), load(workers)
    assert len(alone) == len(together) == 7
    for (images, labels), (same_images, same_labels) in zip(alone, together, strict=True):
        assert images.shape == (len(labels), 3, 8, 8)
        np.testing.assert_array_equal(images, same_images)
        np.testing.assert_array_equal(labels, same_labels)
    assert sorted(np.concatenate([labels for _, labels in together]).tolist()) == list(range(40))


def test_batches_outlive_the_loader_and_their_memory_does_not() -> None:
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("keima-batch")

    kept = [images for images, _ in DataLoader(ArrayDataset(IMAGES, LABELS), num_workers=2)]
    gc.collect()
    assert mapped() > 0
    np.testing.assert_array_equal(np.concatenate(kept), IMAGES)
    kept[0][:] = 1  # writable, and nobody else's
    del kept
    gc.collect()
    assert mapped() == 0


Pair = namedtuple("Pair", "left right")  # a plain one, as users write


class Nested(Dataset):
    def __getitem__(self, index: int) -> Any:
        return {
            "name": f"s{index}",
            "pair": Pair(np.full(2, index), index),
            "empty": np.zeros((0, 3)),
            "t": keima.Tensor(1.0),
        }

    def __len__(self) -> int:
        return 4


@pytest.mark.parametrize("workers", [0, 2])
def test_structures_keep_their_shape(workers: int) -> None:
    batch = list(DataLoader(Nested(), SequentialSampler(Nested(), 2), num_workers=workers))[1]
    assert batch["name"] == ["s2", "s3"]
    assert isinstance(batch["pair"], Pair)
    np.testing.assert_array_equal(batch["pair"].left, [[2, 2], [3, 3]])
    np.testing.assert_array_equal(batch["pair"].right, [2, 3])
    assert batch["empty"].shape == (2, 0, 3)
    assert batch["t"].dtype == np.float32


class Failing(Dataset):
    def __init__(self, how: str) -> None:
        self.how = how

    def __getitem__(self, index: int) -> Any:
        if index == 5 and self.how == "raise":
            raise KeyError("no such sample")
        if index == 5 and self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if index == 5 and self.how == "exit":
            os._exit(3)
        if index == 5 and self.how == "hang":
            time.sleep(60)
        return np.zeros(2)

    def __len__(self) -> int:
        return 12


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("raise", "KeyError: 'no such sample'"),
        ("kill", "ended by SIGKILL"),
        ("exit", "exit code 3"),
        ("hang", "no batch in 4 s"),
    ],
)
def test_what_happens_to_a_worker_is_said(how: str, message: str) -> None:
    seen = []
    with pytest.raises(keima.WorkerError, match=message):
        for batch in DataLoader(Failing(how), num_workers=2, timeout=4 if how == "hang" else 0):
            seen.append(batch)
    assert len(seen) == 5


def test_leaving_early_ends_the_workers() -> None:
    batches = iter(DataLoader(ArrayDataset(IMAGES, LABELS), num_workers=2))
    next(batches)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert len(children) >= 2
    batches.close()  # type: ignore[attr-defined]
    assert not set(children) & set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


class Counting(StreamDataset):
    """Each worker gives its own hundred."""

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        start = 100 * (info.idx if info else 0)
        yield from range(start, start + 5)


def test_streams() -> None:
    assert [batch.tolist() for batch in DataLoader(Counting(), StreamSampler(2))] == [[0, 1], [2, 3], [4]]
    loader = DataLoader(Counting(), StreamSampler(2), num_workers=2, parallel_stream=True)
    assert sorted(i for batch in loader for i in batch.tolist()) == [*range(5), *range(100, 105)]
    with pytest.raises(ValueError, match="parallel_stream"):
        DataLoader(Counting(), StreamSampler(2), num_workers=2)
    with pytest.raises(TypeError, match="cannot be sampled"):
        DataLoader(Counting(), SequentialSampler(ArrayDataset(LABELS)))


def test_samples_of_different_shapes_are_named() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        Collator().apply([np.zeros(2), np.zeros(3)])
    with pytest.raises(TypeError, match="cannot batch object"):
        Collator().apply([object()])


def test_a_worker_can_use_tensors_after_the_threads_of_its_parent() -> None:
    x = keima.functional.ones((256, 256))
    keima.functional.matmul(x, x)

    class Products(Dataset):
        def __getitem__(self, index: int) -> Any:
            return keima.functional.matmul(x, x)[0, 0]

        def __len__(self) -> int:
            return 4

    assert [batch.tolist() for batch in DataLoader(Products(), num_workers=2)] == [[256.0]] * 4


RECORD = np.dtype([("x", "f4"), ("y", "i2")])


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_keep_the_dtypes_of_their_arrays(workers: int) -> None:
    arrays = [np.zeros(4, dtype) for dtype in (np.int32, np.float32, np.uint8, "M8[s]")]
    records = np.zeros(4, RECORD)
    batch = next(iter(DataLoader(ArrayDataset(*arrays, records[:, None]), num_workers=workers)))
    assert [part.dtype for part in batch] == [*(array.dtype for array in arrays), RECORD]


def test_what_cannot_be_sent_is_a_failure_with_its_reason() -> None:
    class Unsendable(Collator):
        def apply(self, inputs: list[Any]) -> Any:
            return lambda: inputs

    with pytest.raises(keima.WorkerError, match="pickle"):
        list(DataLoader(ArrayDataset(LABELS), collator=Unsendable(), num_workers=1))


def test_the_length_is_the_samplers() -> None:
    dataset = ArrayDataset(LABELS)
    assert len(DataLoader(dataset, SequentialSampler(dataset, 7))) == 6
    with pytest.raises(TypeError, match="no length"):
        len(DataLoader(Counting(), StreamSampler(2)))
