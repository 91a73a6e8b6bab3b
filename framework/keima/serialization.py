# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Saves and loads state dicts as safetensors files; reads MegEngine's pickled ones without executing anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ._core import Tensor
from .errors import FileFormatError
from .megengine_pickle import read_pickle

__all__ = ["load", "save"]

FORMAT = "keima-state-1"
# Of a whole file; larger ones are refused before they are read.
MAX_BYTES = 16 << 30
_PIECE = 16 << 20
# Of the structure around the arrays: a state dict nests two or three deep.
MAX_DEPTH = 32

File = str | os.PathLike[str] | BinaryIO


def save(obj: Any, f: File) -> None:
    """Save a state dict, or any nesting of dicts, lists, tuples, tensors, arrays, numbers and strings.

    The file is a safetensors file; the arrays of a flat dict keep their names, so that other programs read them. A
    path is written whole or not at all.

    Args:
        obj: what to save. Tensors are saved as arrays, and loaded as such.
        f: a path, or a file opened for writing bytes.

    Raises:
        TypeError: something that is none of these, with the place where it stands.
    """
    from safetensors.numpy import save as to_bytes

    arrays: dict[str, NDArray[Any]] = {}
    tree = _flatten(obj, (), arrays)
    content = to_bytes(arrays, {"format": FORMAT, "tree": json.dumps(tree)})
    with opened_whole(f) as file:
        file.write(content)


def load(f: File, map_location: str | dict[str, str] | Callable[[str], str] | None = None) -> Any:
    """Load what :func:`save` wrote, any safetensors file (as a dict), or a state dict that MegEngine saved.

    Arrays come as NumPy arrays, as `load_state_dict` takes them. Nothing in the file is executed: of a pickle only
    dicts, lists, numbers, strings and NumPy arrays are read.

    Args:
        f: a path, or a file opened for reading bytes.
        map_location: MegEngine's choice of device; arrays have none, so it changes nothing.

    Raises:
        FileFormatError: the file is neither, is cut short, or asks for more than data.
    """
    content = read_whole(f)
    # A safetensors file begins with its header's length, whose first byte may be that of a pickle.
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= len(content) - 8:
        return _read_safetensors(content)
    if content[:1] == b"\x80":
        return read_pickle(content)
    raise FileFormatError(
        f"load: expected a safetensors file or a pickle of MegEngine's, got {len(content)} bytes that begin"
        f" {content[:8].hex() or 'with nothing'}"
    )


def read_whole(f: File) -> bytes:
    """The content of a file of at most MAX_BYTES; a longer one raises FileFormatError."""
    if isinstance(f, str | os.PathLike):
        with Path(f).open("rb") as file:
            return read_whole(file)
    # In pieces: asked for as many bytes as are allowed, a file takes memory for so many before it reads.
    content = bytearray()
    while piece := f.read(_PIECE):
        content += piece
        if len(content) > MAX_BYTES:
            raise FileFormatError(f"load: the file is longer than {MAX_BYTES} bytes")
    return bytes(content)


@contextmanager
def opened_whole(f: File) -> Iterator[BinaryIO]:
    """A file to write bytes to: what is open already, or a path that is written whole or not at all."""
    # The framework imports no other component, so not keima_cli.atomic, which does the same for commands.
    if not isinstance(f, str | os.PathLike):
        yield f
        return
    import tempfile  # 3 ms, and most programs do not save

    path = Path(f)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# --- the structure, as JSON ----------------------------------------------------------------------------------------
# A number, string, bool or None stands for itself; all else is an object with one key that says what it is.


def _flatten(value: Any, where: tuple[str, ...], arrays: dict[str, NDArray[Any]]) -> Any:
    if len(where) > MAX_DEPTH:
        raise TypeError(f"save: {'.'.join(where[:3])}... nests deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Tensor | np.ndarray | np.generic):
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
        return {"array": _add(arrays, where, array)}
    if isinstance(value, dict):
        return {"dict": [[_key(k, where), _flatten(v, (*where, str(k)), arrays)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_flatten(item, (*where, str(i)), arrays) for i, item in enumerate(value)]}
    raise TypeError(
        f"save: {'.'.join(where) or 'the object'} is a {type(value).__name__}; expected dicts, lists, tuples, tensors,"
        " arrays, numbers and strings; of a module save its state_dict()"
    )


def _key(key: Any, where: tuple[str, ...]) -> str | int:
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    raise TypeError(f"save: key {key!r} in {'.'.join(where) or 'the object'} is neither a string nor an int")


def _add(arrays: dict[str, NDArray[Any]], where: tuple[str, ...], array: NDArray[Any]) -> str:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"save: {'.'.join(where)} is an array of {array.dtype}; expected bools, integers or floats")
    name = ".".join(where) or "array"
    while name in arrays:  # {"a": {"b": x}, "a.b": y}
        name += "'"
    # Not ascontiguousarray, which makes 0-d arrays 1-d.
    arrays[name] = array.copy(order="C")
    return name


def _read_safetensors(content: bytes) -> Any:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    try:
        arrays = from_bytes(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
        if metadata.get("format") != FORMAT:
            return arrays
        return _rebuild(json.loads(metadata["tree"]), arrays, 0)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(f"load: not a sound safetensors file: {error!r}") from error


def _rebuild(tree: Any, arrays: dict[str, NDArray[Any]], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"nests deeper than {MAX_DEPTH}")
    if not isinstance(tree, dict):
        return tree
    ((kind, value),) = tree.items()
    if kind == "array":
        return arrays[value]
    if kind == "dict":
        return {key: _rebuild(item, arrays, depth + 1) for key, item in value}
    if kind in ("list", "tuple"):
        items = [_rebuild(item, arrays, depth + 1) for item in value]
        return items if kind == "list" else tuple(items)
    raise ValueError(f"unknown kind {kind!r}")
