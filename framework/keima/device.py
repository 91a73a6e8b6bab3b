# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Devices and the memory of the caching allocator."""

from __future__ import annotations

from . import _core

__all__ = [
    "coalesce_free_memory",
    "get_allocated_memory",
    "get_default_device",
    "get_device_count",
    "get_max_allocated_memory",
    "get_max_reserved_memory",
    "get_mem_status_bytes",
    "get_reserved_memory",
    "is_atlas_available",
    "is_cambricon_available",
    "is_cuda_available",
    "is_rocm_available",
    "reset_max_memory_stats",
    "set_default_device",
    "set_memory_limit",
]

_DEVICE = "cpu0"
check_device = _core.check_device  # raises UnsupportedError for what is not one of MegEngine's names for the CPU


def get_default_device() -> str:
    """Name of the device that new tensors are put on."""
    return _DEVICE


def set_default_device(device: str = "cpu0") -> None:
    """Choose the device of new tensors; the CPU is the one there is."""
    check_device(device)


def get_device_count(device_type: str) -> int:
    """Number of devices of a type: 1 for "cpu", else 0."""
    return 1 if device_type in ("cpu", "xpu") else 0


def is_cuda_available() -> bool:
    """Whether a CUDA device can be used: no."""
    return False


def is_rocm_available() -> bool:
    """Whether a ROCm device can be used: no."""
    return False


def is_cambricon_available() -> bool:
    """Whether a Cambricon device can be used: no."""
    return False


def is_atlas_available() -> bool:
    """Whether an Atlas device can be used: no."""
    return False


def get_allocated_memory(device: str | None = None) -> int:
    """Bytes held by live tensors."""
    check_device(device)
    return _core.memory_stats()["allocated"]


def get_reserved_memory(device: str | None = None) -> int:
    """Bytes taken from the system, cached ones included."""
    check_device(device)
    return _core.memory_stats()["reserved"]


def get_max_allocated_memory(device: str | None = None) -> int:
    """Most bytes held by live tensors since the start or the last reset."""
    check_device(device)
    return _core.memory_stats()["max_allocated"]


def get_max_reserved_memory(device: str | None = None) -> int:
    """Most bytes taken from the system since the start or the last reset."""
    check_device(device)
    return _core.memory_stats()["max_reserved"]


def reset_max_memory_stats(device: str | None = None) -> None:
    """Start the two maxima afresh from what is in use now."""
    check_device(device)
    _core.reset_max_memory_stats()


def get_mem_status_bytes(device: str | None = None) -> tuple[int, int]:
    """(bytes reserved, bytes reserved but free)."""
    check_device(device)
    stats = _core.memory_stats()
    return stats["reserved"], stats["reserved"] - stats["allocated"]


def coalesce_free_memory() -> None:
    """Give cached memory back to the system."""
    _core.trim_memory()


def set_memory_limit(limit_bytes: int) -> None:
    """Refuse to take more than this from the system (0: no limit); beyond it ops raise :class:`MemoryError`."""
    _core.set_memory_limit(limit_bytes)
