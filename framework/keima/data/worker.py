# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The processes that make batches, and how a batch travels: its arrays in shared memory that the receiver maps.

The memory has no name (memfd_create): it is freed when the last process that maps it lets go, however that one ends.
"""

from __future__ import annotations

import mmap
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

# Arrays begin at cache lines.
_ALIGNMENT = 64


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker this process is: `idx` of `worker`, made with `seed`."""

    idx: int
    worker: int
    seed: int


@dataclass(frozen=True)
class _Place:
    """Where in the shared memory an array lies."""

    at: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Failure:
    """What a worker says of an exception; the exception itself may not survive pickling."""

    kind: str
    message: str
    trace: str


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process, which one it is; elsewhere None."""
    return _info


def serve(connection: Connection, others: list[Connection], info: WorkerInfo, make: Callable[[Any], Any]) -> None:
    """A worker's life: answers each request by make(request), until the connection closes."""
    global _info  # one worker a process
    _info = info
    # Otherwise a sibling would keep the others' connections open after their owner has died.
    for other in others:
        other.close()
    # The user's Ctrl-C goes to the whole group; the main process ends its workers by itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    np.random.seed(info.seed % 2**32 + info.idx)  # for transforms of users
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = make(request)
        except BaseException as error:  # noqa: BLE001  # whatever it is belongs to the main process
            connection.send((Failure(type(error).__name__, str(error), traceback.format_exc()), 0))
            continue
        send_batch(connection, answer)


def send_batch(connection: Connection, batch: Any) -> None:
    """Send a structure whose arrays travel in shared memory."""
    arrays: list[np.ndarray[Any, Any]] = []
    size = [0]
    layout = _replaced(batch, arrays, size)
    connection.send((layout, size[0]))
    if size[0] == 0:
        return
    handle = os.memfd_create("keima-batch", os.MFD_CLOEXEC)
    try:
        os.ftruncate(handle, size[0])
        with mmap.mmap(handle, size[0]) as memory:
            _fill(memory, arrays)
        reduction.send_handle(connection, handle, None)
    finally:
        os.close(handle)


def receive_batch(connection: Connection) -> Any:
    """What :func:`send_batch` sent; the arrays hold the memory until the last of them is gone."""
    layout, size = connection.recv()
    if size == 0:
        return layout
    handle = reduction.recv_handle(connection)
    try:
        memory = mmap.mmap(handle, size)
    finally:
        os.close(handle)
    return _restored(layout, memory)


def _replaced(value: Any, arrays: list[np.ndarray[Any, Any]], size: list[int]) -> Any:
    if isinstance(value, np.ndarray) and value.nbytes > 0 and not value.dtype.hasobject:
        place = _Place(size[0], value.shape, value.dtype.str)
        arrays.append(value)
        size[0] += -(-value.nbytes // _ALIGNMENT) * _ALIGNMENT
        return place
    if isinstance(value, dict):
        return {key: _replaced(item, arrays, size) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_replaced(item, arrays, size) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_replaced(item, arrays, size) for item in value)
    return value


def _fill(memory: mmap.mmap, arrays: list[np.ndarray[Any, Any]]) -> None:
    at = 0
    for array in arrays:
        np.frombuffer(memory, array.dtype, array.size, at)[:] = array.ravel()
        at += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT


def _restored(value: Any, memory: mmap.mmap) -> Any:
    if isinstance(value, _Place):
        count = int(np.prod(value.shape))
        return np.frombuffer(memory, np.dtype(value.dtype), count, value.at).reshape(value.shape)
    if isinstance(value, dict):
        return {key: _restored(item, memory) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_restored(item, memory) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_restored(item, memory) for item in value)
    return value
