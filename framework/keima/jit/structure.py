# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Nested arguments and results as a list of tensors and a shape to put them back into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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


def signature(value: Any) -> str:
    """Text that two arguments share when one graph serves both: nesting, shapes, dtypes, and values of all else."""
    return repr(replace_tensors(value, lambda t: f"<{t.dtype}{t.shape}>"))
