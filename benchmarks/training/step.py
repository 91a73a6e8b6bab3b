# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a framework brings to the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# At a rate of 0.1 ResNet-50's loss climbs to 50 within six steps, where rounding decides: nothing could be compared.
UPDATE = {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}


@dataclass(frozen=True)
class Step:
    run: Callable[[], float]  # one step; the loss before it
    state: Callable[[], bytes]  # parameters and statistics
