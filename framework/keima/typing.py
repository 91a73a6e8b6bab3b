# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Types that signatures share, and how whole numbers are read."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._core import Tensor

# What may stand where a tensor is computed with.
Operand: TypeAlias = Tensor | NDArray[Any] | np.generic | bool | int | float | Sequence[Any]
# One axis, several, or (None) all.
Axes: TypeAlias = int | Sequence[int] | None
# Sizes of a tensor.
Shape: TypeAlias = int | Sequence[int] | Tensor
# One number for both directions, or (height, width).
Pair: TypeAlias = int | Sequence[int]
# A name ("float32"), a NumPy dtype or scalar type, or Python's float, int or bool.
Dtype: TypeAlias = Any


def integers(value: Any) -> tuple[int, ...]:
    """One whole number (Python's, NumPy's or a 0-d tensor), or several, as a tuple; a float is refused, not cut.

    >>> integers(3), integers([2, 3]), integers(np.int64(4))
    ((3,), (2, 3), (4,))
    """
    try:
        return (operator.index(value),)
    except (TypeError, ValueError):  # a tensor of several elements raises the latter
        pass
    try:
        return tuple(operator.index(item) for item in value)
    except TypeError as error:
        raise TypeError(f"expected a whole number or a sequence of them, got {value!r}") from error


def pair(value: Pair | Tensor) -> tuple[int, int]:
    """One number for both directions, or (height, width)."""
    numbers = integers(value)
    if len(numbers) == 1 and not isinstance(value, list | tuple):
        return numbers * 2
    if len(numbers) != 2:
        raise ValueError(f"expected one number or a pair (height, width), got {value!r}")
    return numbers[0], numbers[1]


def triple(value: Pair | Tensor) -> tuple[int, int, int]:
    """One number for all directions, or (depth, height, width)."""
    numbers = integers(value)
    if len(numbers) == 1 and not isinstance(value, list | tuple):
        return numbers * 3
    if len(numbers) != 3:
        raise ValueError(f"expected one number or three (depth, height, width), got {value!r}")
    return numbers[0], numbers[1], numbers[2]
