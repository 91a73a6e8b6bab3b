# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Advisory locks between processes, which say who holds them."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from keima_cli.atomic import explained
from keima_cli.errors import BrokenInputError

_POLL_SECONDS = 0.1
_READ_LIMIT = 4096


class LockedError(BrokenInputError):
    """Another process holds the lock."""


@contextmanager
def hold(path: Path, purpose: str, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` for the block; `purpose` is what others are told, e.g. `keima train`.

    Waits up to `wait` seconds, then raises LockedError naming the holder. The kernel frees the lock when the
    process ends, however it ends. The file stays: unlinking it would let two processes lock two files of one name.
    """
    with explained(path, "lock"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(handle, path, wait)
        _sign(handle, purpose)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
                continue
            raise LockedError(f"{path} is locked by {_holder(handle)}", hint="wait for it to end, or stop it") from None
        return


def _sign(handle: int, purpose: str) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "purpose": purpose,
        "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(holder).encode(), 0)


def _holder(handle: int) -> str:
    try:
        said = json.loads(os.pread(handle, _READ_LIMIT, 0))
        return f"{said['purpose']} (process {said['pid']} on {said['host']}, since {said['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
