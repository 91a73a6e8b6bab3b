# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A deep-learning framework whose public API follows MegEngine's."""

from importlib.metadata import PackageNotFoundError, version

from . import autodiff, device, functional, module, optimizer, random
from ._core import DtypeError, KeimaError, ShapeError, UnsupportedError
from .device import get_default_device, get_device_count, is_cuda_available, set_default_device
from .tensor import Parameter, Tensor, from_dlpack, tensor

try:
    __version__ = version("keima")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = [
    "DtypeError",
    "KeimaError",
    "Parameter",
    "ShapeError",
    "Tensor",
    "UnsupportedError",
    "__version__",
    "autodiff",
    "device",
    "from_dlpack",
    "functional",
    "get_default_device",
    "get_device_count",
    "is_cuda_available",
    "module",
    "optimizer",
    "random",
    "set_default_device",
    "tensor",
]
