# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Types that signatures share."""

from __future__ import annotations

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
