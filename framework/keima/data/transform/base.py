# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a transform is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Transform(ABC):
    """Changes samples: subclasses give `apply` for one."""

    def apply_batch(self, inputs: list[Any]) -> list[Any]:
        """Change the samples of a batch, one by one."""
        return [self.apply(sample) for sample in inputs]

    @abstractmethod
    def apply(self, input: Any) -> Any:
        """Change one sample."""


class PseudoTransform(Transform):
    """Changes nothing."""

    def apply(self, input: Any) -> Any:
        return input
