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
# RLIMIT_DATA and RLIMIT_FSIZE bound one process and one file at once, between two looks at their sums; the limits are
# in KiB and in blocks of 512 bytes. No core files.
_LIMITED = [
    *("sh", "-c", 'ulimit -d "$1" 2>/dev/null; ulimit -f "$2" 2>/dev/null; ulimit -c 0; shift 2; exec "$@"', "sh"),
]
_BLOCK = 512
_DISK_SHARE = 20  # a look at the disk is followed by a pause of so many times its length


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit status, or the limit ("time", "memory", ...) that stopped it."""

    status: int
    stopped: str
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether it ended by itself, with status 0."""
        return self.status == 0 and not self.stopped


@dataclass(frozen=True)
class Limits:
    """Of all that a command starts together: seconds, bytes of memory, processes, and bytes of files below `folder`."""

    seconds: float
    memory: int
    processes: int
    disk: int
    folder: Path


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
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], limits: Limits, log: Log
) -> Ran:
    """Run a command in `folder` with that environment alone; when it ends, all that it started ends.

    The kernel bounds the data of each process and the length of each file; sums are bounded by sampling.
    """
    mark = uuid.uuid4().hex
    begun = time.monotonic()
    with subprocess.Popen(
        [*_LIMITED, str(limits.memory >> 10), str(limits.disk // _BLOCK), *command],
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
            stopped = _watch(process, process.stdout, begun, limits, log)
        finally:
            _end(process, mark)
        _drain(process.stdout, log)
    return Ran(process.returncode, stopped, time.monotonic() - begun)


def _watch(process: subprocess.Popen[bytes], output: IO[bytes], begun: float, limits: Limits, log: Log) -> str:
    samples = _Samples(process.pid, limits)
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while process.poll() is None:
            if selector.get_map() and selector.select(_POLL_SECONDS):
                _take(output, selector, log)
            elif not selector.get_map():
                time.sleep(_POLL_SECONDS)  # it closed its output and goes on
            now = time.monotonic()
            if now > begun + limits.seconds:
                return "time"
            over = samples.over(now)
            if over:
                return over
    return samples.at_end()


class _Samples:
    """Looks at what a process and its descendants use, now and then."""

    def __init__(self, root: int, limits: Limits) -> None:
        self._root, self._limits = root, limits
        self._next = self._next_disk = 0.0

    def at_end(self) -> str:
        """The limit that was passed after the last look, if it still shows."""
        return "disk" if _disk(self._limits.folder) > self._limits.disk else ""

    def over(self, now: float) -> str:
        """The limit that is passed, or nothing."""
        if now > self._next:
            self._next = now + _POLL_SECONDS
            memory, processes = _use(self._root)
            if memory > self._limits.memory:
                return "memory"
            if processes > self._limits.processes:
                return "processes"
        if now > self._next_disk:
            used = _disk(self._limits.folder)
            end = time.monotonic()
            self._next_disk = end + max(_POLL_SECONDS, _DISK_SHARE * (end - now))
            if used > self._limits.disk:
                return "disk"
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


def _disk(folder: Path) -> int:
    """Bytes on the disk of all files below a folder; what comes and goes meanwhile may be missed."""
    waiting, total = [str(folder)], 0
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return total


def _use(root: int) -> tuple[int, int]:
    """Bytes of memory of a process and its descendants, pages that they share for each, and how many they are."""
    page = os.sysconf("SC_PAGE_SIZE")
    children: dict[int, list[int]] = {}
    size: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            words = (place / "stat").read_bytes().rpartition(b")")[2].split()
            children.setdefault(int(words[1]), []).append(int(place.name))
            size[int(place.name)] = int(words[21]) * page
    waiting, total, count = [root], 0, 0
    while waiting:
        pid = waiting.pop()
        total += size.get(pid, 0)
        count += 1
        waiting += children.get(pid, [])
    return total, count
