# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A deep-learning framework whose public API follows MegEngine's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import autodiff, device, dtr, functional, jit, logger, module, optimizer, profiler, random
from ._core import DtypeError, KeimaError, ShapeError, UnsupportedError
from .device import get_default_device, get_device_count, is_cuda_available, set_default_device
from .errors import FileFormatError, WorkerError
from .logger import enable_debug_log, get_logger, set_log_file, set_log_level
from .serialization import load, save
from .tensor import Parameter, Tensor, from_dlpack, tensor

if TYPE_CHECKING:
    from . import data

    __version__: str

__all__ = [
    "DtypeError",
    "FileFormatError",
    "KeimaError",
    "Parameter",
    "ShapeError",
    "Tensor",
    "UnsupportedError",
    "WorkerError",
    "__version__",
    "autodiff",
    "data",
    "device",
    "dtr",
    "enable_debug_log",
    "from_dlpack",
    "functional",
    "get_default_device",
    "get_device_count",
    "get_logger",
    "is_cuda_available",
    "jit",
    "load",
    "logger",
    "module",
    "optimizer",
    "profiler",
    "random",
    "save",
    "set_default_device",
    "set_log_file",
    "set_log_level",
    "tensor",
]


def __getattr__(name: str) -> Any:
    """What costs time to import and is not needed by all: 30 ms for multiprocessing, 30 for package metadata."""
    if name == "data":
        import importlib

        return importlib.import_module(".data", __name__)
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("keima")
        except PackageNotFoundError:  # run from a source tree that was never installed
            found = "0+unknown"
        return globals().setdefault(name, found)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
