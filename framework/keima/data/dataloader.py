# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Iterates over a dataset in batches, made here or by worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sized
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from .. import random
from ..errors import WorkerError
from . import randomness
from .collator import Collator
from .dataset import Dataset, StreamDataset
from .sampler import Sampler, SequentialSampler, StreamSampler
from .transform import PseudoTransform, Transform
from .worker import Failure, WorkerInfo, receive_batch, serve

__all__ = ["DataLoader"]

# Batches asked of each worker ahead of the one that is waited for.
_AHEAD = 2


class DataLoader:
    """Batches of a dataset: samples taken by the sampler, transformed, collated; as NumPy arrays.

    Order and random transforms depend on `keima.random.seed` and the sampler's seed, not on the number of workers.

    Args:
        dataset: samples by position, or a stream.
        sampler: by default every sample in order, one a batch.
        transform: of the samples of a batch.
        collator: makes a batch of samples.
        num_workers: processes that make batches; 0 makes them here.
        timeout: seconds after which a batch that has not come is an error; 0 waits for ever.
        preload: MegEngine's copy to the device ahead of time; on CPUs there is nothing to copy.
        parallel_stream: each worker of a stream gives batches of its own part (see `get_worker_info`).

    Raises, while iterating:
        WorkerError: a worker failed (with its traceback), was killed, or is late.
    """

    def __init__(
        self,
        dataset: Dataset,
        sampler: Sampler | None = None,
        transform: Transform | None = None,
        collator: Collator | None = None,
        num_workers: int = 0,
        timeout: float = 0,
        preload: bool = False,
        parallel_stream: bool = False,
    ) -> None:
        if num_workers < 0 or timeout < 0:
            raise ValueError(f"DataLoader: num_workers {num_workers} and timeout {timeout} must not be negative")
        streams = isinstance(dataset, StreamDataset)
        if sampler is None:
            sampler = StreamSampler() if streams else SequentialSampler(dataset)
        if streams != isinstance(sampler, StreamSampler):
            raise TypeError(f"DataLoader: a {type(dataset).__name__} cannot be sampled by {type(sampler).__name__}")
        if streams and num_workers > 1 and not parallel_stream:
            raise ValueError("DataLoader: several workers would each give the whole stream; set parallel_stream=True")
        self.dataset, self.sampler = dataset, sampler
        self.transform, self.collator = transform or PseudoTransform(), collator or Collator()
        self.num_workers, self.timeout, self.preload = num_workers, timeout, preload
        self.parallel_stream = parallel_stream

    def __len__(self) -> int:
        if not isinstance(self.sampler, Sized):
            raise TypeError(f"DataLoader: {type(self.sampler).__name__} goes on without end and has no length")
        return len(self.sampler)

    def __iter__(self) -> Iterator[Any]:
        high, low = (int(n) for n in random.uniform(0, 2**24, (2,)).numpy())
        seed = high << 24 | low
        if self.num_workers > 0:
            return _Pool(self, seed).batches()
        return self._made_here(seed)

    def maker(self, seed: int) -> Callable[[tuple[int, Any]], Any]:
        """A function from (number, positions) to the batch; None where a stream has ended."""
        stream: list[Iterator[Any]] = []

        def make(request: tuple[int, Any]) -> Any:
            number, positions = request
            if isinstance(self.dataset, StreamDataset):
                if not stream:
                    stream.append(iter(self.dataset))
                samples = list(islice(stream[0], len(positions)))
                if not samples:
                    return None
            else:
                samples = [self.dataset[position] for position in positions]
            with randomness.batch(seed, number):
                return self.collator.apply(self.transform.apply_batch(samples))

        return make

    def _made_here(self, seed: int) -> Iterator[Any]:
        make = self.maker(seed)
        for request in enumerate(self.sampler):
            batch = make(request)
            if batch is None:
                return
            yield batch


class _Pool:
    """The workers of one pass. Batch i is made by worker i mod n, so that the order needs no sorting."""

    def __init__(self, loader: DataLoader, seed: int) -> None:
        self.loader, self.seed = loader, seed
        self.requests = enumerate(loader.sampler)
        self.connections: list[Connection] = []
        self.processes: list[Any] = []

    def batches(self) -> Iterator[Any]:
        try:
            self._start()
            yield from self._exchange()
        finally:
            self._stop()

    def _start(self) -> None:
        # Fork, as MegEngine does: datasets need not be picklable. The framework's threads begin anew in the child.
        context = multiprocessing.get_context("fork")
        for index in range(self.loader.num_workers):
            own, theirs = context.Pipe()
            info = WorkerInfo(index, self.loader.num_workers, self.seed)
            arguments = (theirs, [*self.connections, own], info, self.loader.maker(self.seed))
            process = context.Process(target=serve, args=arguments, daemon=True)
            with warnings.catch_warnings():
                # CPython warns of forking with threads, which is meant.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            theirs.close()
            self.connections.append(own)
            self.processes.append(process)

    def _exchange(self) -> Iterator[Any]:
        count = self.loader.num_workers
        asked, answered, ended = 0, 0, set[int]()
        for _ in range(count * _AHEAD):
            asked += self._ask(asked % count)
        while answered < asked:
            worker = answered % count
            batch = self._answer(worker)
            answered += 1
            if batch is None:
                ended.add(worker)
            if len(ended) == count:
                return
            asked += self._ask(worker)
            if batch is not None:
                yield batch

    def _ask(self, worker: int) -> int:
        """Send the next request; how many were sent (0 where the pass ends)."""
        request = next(self.requests, None)
        if request is None:
            return 0
        # A worker that has died is noticed when its answer is waited for: what it gave before comes first.
        with contextlib.suppress(OSError):
            self.connections[worker].send(request)
        return 1

    def _answer(self, worker: int) -> Any:
        connection, limit = self.connections[worker], self.loader.timeout
        ready = multiprocessing.connection.wait([connection], limit or None)
        if not ready:
            raise WorkerError(f"DataLoader: worker {worker} gave no batch in {limit} s; raise timeout")
        try:
            answer = receive_batch(connection)
        except (EOFError, OSError):
            raise self._died(worker) from None
        if isinstance(answer, Failure):
            raise WorkerError(f"DataLoader: worker {worker}: {answer.kind}: {answer.message}\n{answer.trace}")
        return answer

    def _died(self, worker: int) -> WorkerError:
        process = self.processes[worker]
        process.join(1)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            why = "; the system may be out of memory" if name == "SIGKILL" else ""
            return WorkerError(f"DataLoader: worker {worker} was ended by {name}{why}")
        return WorkerError(f"DataLoader: worker {worker} ended with exit code {code}")

    def _stop(self) -> None:
        for connection in self.connections:
            connection.close()
        deadline = time.monotonic() + 1
        for process in self.processes:
            process.terminate()
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
