# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: one safetensors file with arrays, and the rest of the state as JSON in its metadata."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import save

from keima_cli import atomic
from keima_cli.errors import BrokenInputError

FORMAT = "keima-checkpoint-1"


@dataclass
class Progress:
    """Where a training run stands: the next batch to train on, and what has been measured."""

    epoch: int = 0
    batch: int = 0
    random_state: str = ""
    # One entry an epoch: loss, test accuracy.
    history: list[dict[str, float]] = field(default_factory=list)
    # Sum of the losses of the running epoch.
    loss_sum: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """All that a run continues from."""

    recipe: dict[str, Any]
    progress: Progress
    model: dict[str, NDArray[Any]]
    optimizer: dict[str, NDArray[Any]]
    optimizer_steps: int


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write whole or not at all: an earlier file stays until the new one is on the disk."""
    arrays = {f"model.{name}": array for name, array in checkpoint.model.items()}
    arrays |= {f"optimizer.{name}": array for name, array in checkpoint.optimizer.items()}
    state = {
        "recipe": checkpoint.recipe,
        "progress": asdict(checkpoint.progress),
        "optimizer_steps": checkpoint.optimizer_steps,
    }
    content = save(
        {k: np.ascontiguousarray(v) for k, v in arrays.items()}, {"format": FORMAT, "state": json.dumps(state)}
    )
    atomic.write_bytes(path, content)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint; a file that is none, or is cut short, raises BrokenInputError."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (OSError, SafetensorError) as error:
        raise BrokenInputError(
            f"{path} cannot be read as a checkpoint: {error}", hint="use an earlier one, or train anew"
        ) from error
    if metadata.get("format") != FORMAT:
        raise BrokenInputError(f"{path} is not a checkpoint of this version ({FORMAT})")
    state = json.loads(metadata["state"])
    return Checkpoint(
        recipe=state["recipe"],
        progress=Progress(**state["progress"]),
        model=_part(arrays, "model."),
        optimizer=_part(arrays, "optimizer."),
        optimizer_steps=state["optimizer_steps"],
    )


def _part(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
