# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Learning rates that change from epoch to epoch."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from functools import partial
from typing import Any

from ..replay import repeat
from .optimizer import Optimizer


class LRScheduler:
    """Sets the learning rates of an optimizer's groups; call :meth:`step` after each epoch."""

    def __init__(self, optimizer: Optimizer, current_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an Optimizer, got a {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.current_epoch = current_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.step()

    def get_lr(self) -> list[float]:
        """Each group's learning rate in the current epoch."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to `epoch`."""
        repeat(partial(self._go, epoch))

    def _go(self, epoch: int | None) -> None:
        self.current_epoch = self.current_epoch + 1 if epoch is None else epoch
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` continues from."""
        return {"current_epoch": self.current_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from :meth:`state_dict`."""
        if len(state_dict["base_lrs"]) != len(self.base_lrs):
            raise ValueError(
                f"load_state_dict: expected {len(self.base_lrs)} learning rates, got {state_dict['base_lrs']}"
            )
        self.base_lrs = list(state_dict["base_lrs"])
        self.step(state_dict["current_epoch"])


class MultiStepLR(LRScheduler):
    """The learning rate times `gamma` after each of `milestones` (epochs, increasing)."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, current_epoch: int = -1
    ) -> None:
        self.milestones = list(milestones)
        if self.milestones != sorted(self.milestones):
            raise ValueError(f"MultiStepLR: milestones must increase, got {self.milestones}")
        self.gamma = gamma
        super().__init__(optimizer, current_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma ** bisect_right(self.milestones, self.current_epoch) for lr in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """From the initial learning rate to `min_lr` over `epochs`, along half a cosine (Loshchilov and Hutter, 2017)."""

    def __init__(self, optimizer: Optimizer, epochs: int, min_lr: float = 0.0, current_epoch: int = -1) -> None:
        if epochs < 1:
            raise ValueError(f"CosineAnnealingLR: epochs must be at least 1, got {epochs}")
        self.epochs, self.min_lr = epochs, min_lr
        super().__init__(optimizer, current_epoch)

    def get_lr(self) -> list[float]:
        share = 0.5 * (1 + math.cos(math.pi * min(self.current_epoch, self.epochs) / self.epochs))
        return [self.min_lr + (lr - self.min_lr) * share for lr in self.base_lrs]
