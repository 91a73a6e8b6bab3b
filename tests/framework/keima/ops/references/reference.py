# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What an entry says of its op."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """Operands (arrays, or None where left out) and attributes of one call."""

    inputs: tuple[Any, ...]
    attrs: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Reference:
    """What an op must do."""

    forward: Callable[..., Any]  # (*inputs in float64, *attrs) -> array, or a tuple for several outputs
    cases: Callable[[np.random.Generator], list[Case]]
    tolerance: float = 2e-6  # of the forward, relative to the largest element
    differentiable: tuple[int, ...] = ()  # inputs whose gradient is checked
    gradient_tolerance: float = 1e-3
    sequence: bool = False  # the op takes its inputs as one list
    step: float = 1e-5  # of central differences
