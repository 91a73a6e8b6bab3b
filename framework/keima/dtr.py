# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamic tensor rematerialisation: trains what needs more memory than there is, by computing values again.

While a gradient manager records and memory runs short, the value that is cheapest to miss (by the time to compute it
and its missing neighbours again, its size and how long ago it was used) gives its memory up; it is computed again, bit
for bit, when backward or the program reads it (Kirisame et al., "Dynamic Tensor Rematerialization", ICLR 2021).

>>> from keima import dtr
>>> dtr.eviction_threshold = "2GB"
>>> dtr.enable()
>>> dtr.eviction_threshold
2147483648
>>> dtr.disable()
>>> dtr.eviction_threshold = 0

Attributes:
    eviction_threshold: bytes of live tensors above which values are given up, as a number or a text such as "2GB"
        (units of 1024: B, KB, MB, GB). 0, the default: only when the limit of `keima.device.set_memory_limit` is met.
    evictee_minimum_size: smaller values, in bytes, are always kept; 1 MiB by default.
    enable_sqrt_sampling: look at about sqrt(n) of n values for one to give up, instead of at all of them.

A value that is written in place or read on the host (`numpy()`) stays in memory from then on. When the manager's
recording ends, what is in memory stays there; what is not is still computed when it is read.
"""

from __future__ import annotations

import re
import sys
from types import ModuleType

from ._core import dtr as _native

__all__ = ["counts", "disable", "enable", "is_enabled"]

_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B?)\s*")


def enable() -> None:
    """From now on, remember how values are computed while a gradient manager records, and give some up if needed."""
    _native.enable(True)


def disable() -> None:
    """Remember and give up no more; what was given up is still computed when it is read."""
    _native.enable(False)


def is_enabled() -> bool:
    """Whether values may be given up."""
    return _native.is_enabled()


def counts() -> tuple[int, int]:
    """(values that gave their memory up, ops that ran again) since the start of the process."""
    return _native.counts()


def _bytes(name: str, size: int | str) -> int:
    if isinstance(size, bool) or not isinstance(size, (int, str)):
        raise TypeError(f"dtr.{name}: expected a number of bytes or a text such as '2GB', got a {type(size).__name__}")
    if isinstance(size, str):
        found = _SIZE.fullmatch(size.upper())
        if found is None or found[2] not in _UNITS:
            raise ValueError(f"dtr.{name}: expected a size such as '512MB' or '2GB' (B, KB, MB, GB), got {size!r}")
        size = int(float(found[1]) * _UNITS[found[2]])
    if not 0 <= size < 1 << 62:
        raise ValueError(f"dtr.{name}: expected 0 or more bytes, got {size}")
    return size


class _Settings(ModuleType):
    """Makes the settings attributes of the module, as they are in MegEngine."""

    @property
    def eviction_threshold(self) -> int:
        return _native.budget()

    @eviction_threshold.setter
    def eviction_threshold(self, size: int | str) -> None:
        _native.set_budget(_bytes("eviction_threshold", size))

    @property
    def evictee_minimum_size(self) -> int:
        return _native.smallest()

    @evictee_minimum_size.setter
    def evictee_minimum_size(self, size: int | str) -> None:
        _native.set_smallest(_bytes("evictee_minimum_size", size))

    @property
    def enable_sqrt_sampling(self) -> bool:
        return _native.samples()

    @enable_sqrt_sampling.setter
    def enable_sqrt_sampling(self, on: bool) -> None:
        _native.set_samples(bool(on))


sys.modules[__name__].__class__ = _Settings
