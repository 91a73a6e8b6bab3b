# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One training step of a recipe on random images, for the profiler: that needs no data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

import keima
from keima_zoo.fashion_mnist import Split
from keima_zoo.recipe import load_recipe
from keima_zoo.training import Run, prepare


def training_step(recipe: Path, overrides: list[str]) -> Callable[[], float]:
    """A function that trains on one batch and returns the loss; the batch is the same each time."""
    loaded = load_recipe(recipe, overrides)
    generator = np.random.default_rng(loaded.seed)
    images = generator.integers(0, 256, (loaded.batch_size, 28, 28), dtype=np.uint8)
    labels = generator.integers(0, 10, loaded.batch_size, dtype=np.int32)
    run = Run(loaded, Split(images, labels))
    batch = prepare(images), keima.Tensor(labels)

    def step() -> float:
        run.progress.batch = 0  # the rate of the first batch, however many steps are taken
        return run.train_batch(*batch)

    return step
