# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Makes batches of samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import Tensor

__all__ = ["Collator"]


class Collator:
    """Stacks arrays and numbers of a list of samples; goes into tuples, lists and dicts; leaves strings in a list.

    >>> Collator().apply([(np.zeros(2), 1), (np.ones(2), 2)])
    [array([[0., 0.],
           [1., 1.]]), array([1, 2])]
    """

    def apply(self, inputs: list[Any]) -> Any:
        """The batch of some samples of one structure; the arrays of a batch must have one shape."""
        first = inputs[0]
        if isinstance(first, np.ndarray | np.generic):
            return self._stack(inputs)
        if isinstance(first, Tensor):
            return self._stack([item.numpy() for item in inputs])
        if isinstance(first, bool | int | float):
            return np.array(inputs)
        if isinstance(first, dict):
            return {key: self.apply([item[key] for item in inputs]) for key in first}
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return type(first)(*(self.apply(list(items)) for items in zip(*inputs, strict=True)))
        if isinstance(first, list | tuple):
            return [self.apply(list(items)) for items in zip(*inputs, strict=True)]
        if isinstance(first, str | bytes):
            return inputs
        raise TypeError(f"Collator: cannot batch {type(first).__name__}; give DataLoader another collator")

    def _stack(self, arrays: list[Any]) -> np.ndarray[Any, Any]:
        shapes = {np.shape(array) for array in arrays}
        if len(shapes) > 1:
            raise ValueError(f"Collator: the samples have different shapes, {sorted(shapes)}; resize or crop them")
        return np.stack(arrays)
