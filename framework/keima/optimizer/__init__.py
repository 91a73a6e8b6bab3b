# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Optimizers, learning-rate schedules and gradient clipping."""

from .algorithms import LAMB, SGD, Adadelta, Adagrad, Adam, AdamW
from .clip_grad import clip_grad_norm, clip_grad_value
from .optimizer import Optimizer
from .schedule import CosineAnnealingLR, LRScheduler, MultiStepLR

__all__ = [
    "LAMB",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LRScheduler",
    "MultiStepLR",
    "Optimizer",
    "clip_grad_norm",
    "clip_grad_value",
]
