# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What this machine can do: the two limits of the roofline model (Williams, Waterman and Patterson, 2009), measured.

The peak is that of the largest of some matrix products, the bandwidth that of scaling a tensor far larger than the
caches in place, both by the kernels and threads that every op uses.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .. import _core
from .._core import ops

_PRODUCTS = (256, 512, 1024)
_STREAM_BYTES = 256 << 20


@dataclass(frozen=True)
class Roofline:
    """Measured limits.

    Attributes:
        flops: operations a second.
        bandwidth: bytes a second from and to memory.
        threads, isa: what they were measured with.
    """

    flops: float
    bandwidth: float
    threads: int
    isa: str

    def seconds(self, flops: float, nbytes: float) -> float:
        """The least time that so many operations on so many bytes take."""
        return max(flops / self.flops, nbytes / self.bandwidth)

    def is_compute_bound(self, flops: float, nbytes: float) -> bool:
        """Whether the operations take longer than the bytes."""
        return flops / self.flops >= nbytes / self.bandwidth


def _shortest(body: Callable[[], Any], least_seconds: float) -> float:
    """Seconds of the fastest of at least three calls: the others were disturbed."""
    times: list[float] = []
    until = time.perf_counter() + least_seconds
    while len(times) < 3 or time.perf_counter() < until:
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return min(times)


def measure_roofline(seconds: float = 1.0, stream_bytes: int = _STREAM_BYTES) -> Roofline:
    """Measure for about this long; takes `stream_bytes` of memory."""
    products = []
    for size in _PRODUCTS:
        x = ops.full((size, size), 0.5, "float32")
        products.append(2 * size**3 / _shortest(partial(ops.matmul, x, x), seconds / (2 * len(_PRODUCTS))))
    stream = ops.full((stream_bytes // 4,), 1.0, "float32")

    def scale() -> None:
        nonlocal stream
        stream *= 1.0

    bandwidth = 2 * stream_bytes / _shortest(scale, seconds / 2)
    return Roofline(max(products), bandwidth, _core.num_threads(), _core.isa())
