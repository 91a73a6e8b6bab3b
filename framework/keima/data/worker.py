# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The processes that make batches, and how a batch travels: its arrays in shared memory that the receiver maps.

The memory has no name (memfd_create): it is freed when the last process that maps it lets go, however that one ends.
"""

from __future__ import annotations

import math
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
    dtype: np.dtype[Any]

    def view(self, memory: mmap.mmap) -> np.ndarray[Any, Any]:
        """The array there."""
        return np.frombuffer(memory, self.dtype, math.prod(self.shape), self.at).reshape(self.shape)


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
    np.random.seed((info.seed + info.idx) % 2**32)  # for transforms of users
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            _answer(connection, make, request)
        except (BrokenPipeError, ConnectionError):
            return  # nobody listens any more


def _answer(connection: Connection, make: Callable[[Any], Any], request: Any) -> None:
    try:
        send_batch(connection, make(request))
    except (BrokenPipeError, ConnectionError):
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is (a file not found, a full disk) belongs to the main process
        connection.send((Failure(type(error).__name__, str(error), traceback.format_exc()), 0))


def send_batch(connection: Connection, batch: Any) -> None:
    """Send a structure whose arrays travel in shared memory; what cannot be sent raises before anything is."""
    pack = _Pack()
    header = reduction.ForkingPickler.dumps((_mapped(batch, pack.place), pack.size))
    if pack.size == 0:
        connection.send_bytes(header)
        return
    handle = pack.written()
    try:
        connection.send_bytes(header)
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
    return _mapped(layout, lambda value: value.view(memory) if isinstance(value, _Place) else value)


class _Pack:
    """Arrays that will lie one behind the other in one piece of memory of `size` bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._arrays: list[tuple[_Place, np.ndarray[Any, Any]]] = []

    def place(self, value: Any) -> Any:
        """The place of an array, which is taken in; any other value as it is."""
        if not isinstance(value, np.ndarray) or value.nbytes == 0 or value.dtype.hasobject:
            return value
        place = _Place(self.size, value.shape, value.dtype)
        self._arrays.append((place, value))
        self.size += -(-value.nbytes // _ALIGNMENT) * _ALIGNMENT
        return place

    def written(self) -> int:
        """A file descriptor of memory that holds the arrays; the caller closes it."""
        handle = os.memfd_create("keima-batch", os.MFD_CLOEXEC)
        try:
            os.ftruncate(handle, self.size)
            with mmap.mmap(handle, self.size) as memory:
                for place, array in self._arrays:
                    place.view(memory)[...] = array
        except BaseException:
            os.close(handle)
            raise
        return handle


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The structure with `change` applied to all that is not a dict, list or tuple."""
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, change) for item in value)
    return change(value)
