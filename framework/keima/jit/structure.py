# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Nested arguments and results as a list of tensors and a shape to put them back into."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from hashlib import sha256
from typing import Any, cast

import numpy as np

from .._core import Tensor


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in lists, tuples and dicts, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


def replace_tensors(value: Any, replacement: Callable[[Tensor], Any]) -> Any:
    """The same nesting with every tensor replaced."""
    if isinstance(value, Tensor):
        return replacement(value)
    if isinstance(value, list):
        return [replace_tensors(item, replacement) for item in value]
    if isinstance(value, tuple):
        items = [replace_tensors(item, replacement) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, dict):
        return {key: replace_tensors(item, replacement) for key, item in value.items()}
    return value


def signature(value: Any) -> Hashable:
    """What two arguments share when one graph serves both: nesting, shapes, dtypes, and values of all else.

    Objects of other classes count by their equality, those that have no hash by what they hold.
    """
    if isinstance(value, Tensor):
        return Tensor, str(value.dtype), tuple(value.shape)
    if isinstance(value, list | tuple):
        return type(value), tuple(signature(item) for item in value)
    if isinstance(value, dict):
        return type(value), tuple((signature(key), signature(item)) for key, item in value.items())
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        # All elements: what numpy prints leaves some out.
        return np.ndarray, str(value.dtype), value.shape, sha256(value.tobytes()).digest()
    if isinstance(value, float | complex | np.generic):
        return type(value), repr(value)  # 0.0 is -0.0, and NaN not even itself
    return type(value), _identity(value)


def _identity(value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        held = getattr(value, "__dict__", None)
        return repr(value) if held is None else signature(held)
    return cast(Hashable, value)  # kept, so that no other object takes its place in memory
