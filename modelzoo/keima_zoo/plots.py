# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a training run."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from keima_cli import atomic
from keima_zoo.fashion_mnist import CLASSES


def _save(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    atomic.write_bytes(path, buffer.getvalue())


def curve(history: list[dict[str, float]], path: Path) -> None:
    """Loss and test accuracy by epoch."""
    figure = Figure(figsize=(6, 3.5))
    epochs = range(1, len(history) + 1)
    left = figure.subplots()
    left.plot(epochs, [entry["loss"] for entry in history], color="tab:blue", marker="o", label="training loss")
    left.set(xlabel="epoch", ylabel="training loss")
    right = left.twinx()
    right.plot(epochs, [entry["accuracy"] for entry in history], color="tab:orange", marker="s", label="test accuracy")
    right.set(ylabel="test accuracy")
    figure.legend(loc="upper center", ncols=2)
    _save(figure, path)


def confusion(matrix: NDArray[np.int64], path: Path) -> None:
    """How often each class was taken for each."""
    figure = Figure(figsize=(6.5, 6))
    axes = figure.subplots()
    axes.imshow(matrix, cmap="Blues")
    axes.set_xticks(range(len(CLASSES)), CLASSES, rotation=45, ha="right")
    axes.set_yticks(range(len(CLASSES)), CLASSES)
    axes.set(xlabel="predicted", ylabel="true")
    for (row, column), count in np.ndenumerate(matrix):
        colour = "white" if count > matrix.max() / 2 else "black"
        axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    _save(figure, path)
