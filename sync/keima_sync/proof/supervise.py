# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a command under limits of time, memory and output, and ends all that it started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_POLL_SECONDS = 0.2
_CHUNK = 1 << 16
_MARK = "KEIMA_ROOM"  # in the environment of all that a run starts, by which it is found if it left its group
# RLIMIT_DATA bounds one process at once, between two looks at their sum; the limit is in KiB. No core files.
_LIMITED = ["sh", "-c", 'ulimit -d "$1" 2>/dev/null; ulimit -c 0; shift; exec "$@"', "sh"]


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit status, or the limit ("time", "memory") that stopped it."""

    status: int
    stopped: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it ended by itself, with status 0."""
        return self.status == 0 and not self.stopped


@dataclass
class Log:
    """What was printed: the beginning and the end, of `half` bytes each."""

    half: int = 4 << 20
    _head: bytearray = field(default_factory=bytearray)
    _tail: deque[bytes] = field(default_factory=deque)
    _tail_size: int = 0
    _dropped: int = 0

    def write(self, data: bytes) -> None:
        """Add what was printed."""
        room = self.half - len(self._head)
        self._head += data[:room] if room > 0 else b""
        rest = data[max(room, 0) :]
        if rest:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail_size - len(self._tail[0] if self._tail else b"") > self.half:
            dropped = len(self._tail.popleft())
            self._tail_size -= dropped
            self._dropped += dropped

    def text(self) -> bytes:
        """All that is kept."""
        gap = b"\n[... %d bytes left out ...]\n" % self._dropped if self._dropped else b""
        return bytes(self._head) + gap + b"".join(self._tail)


def supervised(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], seconds: float, memory: int, log: Log
) -> Ran:
    """Run a command in `folder` with that environment alone; when it ends, all that it started ends.

    `memory` (bytes) bounds each process's data by the kernel, and the sum of all by sampling.
    """
    mark = uuid.uuid4().hex
    begun = time.monotonic()
    with subprocess.Popen(
        [*_LIMITED, str(memory >> 10), *command],
        cwd=folder,
        env={**environment, _MARK: mark},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None, "stdout is a pipe"
        os.set_blocking(process.stdout.fileno(), False)
        try:
            stopped = _watch(process, process.stdout, begun + seconds, memory, log)
        finally:
            _end(process, mark)
        _drain(process.stdout, log)
    return Ran(process.returncode, stopped, time.monotonic() - begun)


def _watch(process: subprocess.Popen[bytes], output: IO[bytes], deadline: float, memory: int, log: Log) -> str:
    sampled = 0.0
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while process.poll() is None:
            if selector.get_map() and selector.select(_POLL_SECONDS):
                _take(output, selector, log)
            elif not selector.get_map():
                time.sleep(_POLL_SECONDS)  # it closed its output and goes on
            now = time.monotonic()
            if now > deadline:
                return "time"
            if now - sampled > _POLL_SECONDS:
                sampled = now
                if _resident(process.pid) > memory:
                    return "memory"
    return ""


def _take(output: IO[bytes], selector: selectors.BaseSelector, log: Log) -> None:
    data = os.read(output.fileno(), _CHUNK)
    if data:
        log.write(data)
    else:
        selector.unregister(output)


def _drain(output: IO[bytes], log: Log) -> None:
    """What is still in the pipe; nothing is waited for."""
    with contextlib.suppress(BlockingIOError):
        while data := os.read(output.fileno(), _CHUNK):
            log.write(data)


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    # A daemon has left the group; what it forks meanwhile is found in the next round.
    for _ in range(50):
        left = _marked(mark)
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _marked(mark: str) -> list[int]:
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
    return found


def _resident(root: int) -> int:
    """Bytes of memory of a process and its descendants; pages that they share count for each."""
    page = os.sysconf("SC_PAGE_SIZE")
    children: dict[int, list[int]] = {}
    size: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            words = (place / "stat").read_bytes().rpartition(b")")[2].split()
            children.setdefault(int(words[1]), []).append(int(place.name))
            size[int(place.name)] = int(words[21]) * page
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        total += size.get(pid, 0)
        waiting += children.get(pid, [])
    return total
