# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the pickles that MegEngine saves, by an allow-list: no code of the file's choice is found, let alone called.

Such files name four globals: OrderedDict, ndarray, dtype and NumPy's _reconstruct. The last three are replaced by
stand-ins here, which check shape, dtype and length before an array is made: NumPy's own trust what they are given.
"""

from __future__ import annotations

import io
import math
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import FileFormatError

# Booleans, integers, floats; never objects.
_DTYPES = frozenset(("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"))


class _Dtype:
    """Stands for numpy.dtype while unpickling."""

    def __init__(self, code: str = "", *rest: Any) -> None:
        if code.lstrip("|<>=") not in _DTYPES:
            raise FileFormatError(f"load: the pickle holds an array of dtype {code!r}; expected numbers")
        self.code, self.order = code.lstrip("|<>="), "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise FileFormatError(f"load: byte order {state[1]!r} in the pickle; expected '<' or '>'")
        self.order = state[1]

    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.order + self.code)


class _Array:
    """Stands for numpy.ndarray while unpickling."""

    def __init__(self, *rest: Any) -> None:
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
            raise FileFormatError("load: an array in the pickle is not made of plain bytes")
        if any(not isinstance(size, int) or size < 0 for size in shape) or len(shape) > 32:
            raise FileFormatError(f"load: an array in the pickle has shape {shape}")
        kind = dtype.numpy()
        if math.prod(shape) * kind.itemsize != len(content):
            raise FileFormatError(f"load: an array of shape {shape} and {kind} in the pickle has {len(content)} bytes")
        flat = np.frombuffer(content, kind).astype(kind.newbyteorder("="))
        self.array = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(kind: Any, *rest: Any) -> _Array:
    if kind is not _Array:
        raise FileFormatError("load: the pickle rebuilds something that is not an array")
    return _Array()


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise FileFormatError(
                f"load: the pickle asks for {module}.{name}, which a state dict does not need; it was not loaded"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise FileFormatError("load: the pickle refers to objects outside itself")


def read_pickle(content: bytes) -> Any:
    """The data of a pickled state dict: dicts, lists, tuples, numbers, strings and arrays."""
    try:
        return _unwrap(_Unpickler(io.BytesIO(content)).load(), 0)
    except FileFormatError:
        raise
    except Exception as error:  # a damaged pickle may raise anything
        raise FileFormatError(f"load: not a sound pickle: {error!r}") from error


def _unwrap(value: Any, depth: int) -> Any:
    """Arrays for their stand-ins."""
    if depth > 32:
        raise FileFormatError("load: the pickle nests deeper than 32")
    if isinstance(value, _Array):
        if value.array is None:
            raise FileFormatError("load: an array in the pickle has no content")
        return value.array
    if isinstance(value, dict):
        return type(value)((key, _unwrap(item, depth + 1)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value)(_unwrap(item, depth + 1) for item in value)
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise FileFormatError(f"load: the pickle holds a {type(value).__name__}; expected plain data and arrays")
