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
# No model of the zoo comes near; a longer file is refused before it is read.
MAX_BYTES = 4 << 30
_HINT = "use an earlier one, or train anew"


@dataclass
class Progress:
    """Where a training run stands: the next batch to train on, and what has been measured."""

    epoch: int = 0
    batch: int = 0
    random_state: str = ""
    # One entry an epoch: loss, test accuracy.
    history: list[dict[str, float]] = field(default_factory=list)
    # Sum of the losses of the running epoch's images.
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
    """Read a checkpoint; a file that is none, is cut short or does not hold together raises BrokenInputError."""
    return parse(path, *read_arrays(path))


def parse(path: Path, metadata: dict[str, str], arrays: dict[str, NDArray[Any]]) -> Checkpoint:
    """The checkpoint that the content of a file is; `path` is for messages."""
    if metadata.get("format") != FORMAT:
        raise BrokenInputError(f"{path} is not a checkpoint of this version ({FORMAT})")
    try:
        state = json.loads(metadata["state"])
        return Checkpoint(
            recipe=dict(state["recipe"]),
            progress=_progress(state["progress"]),
            model=_part(arrays, "model."),
            optimizer=_part(arrays, "optimizer."),
            optimizer_steps=int(state["optimizer_steps"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenInputError(f"{path} holds no state to continue from: {error!r}", hint=_HINT) from error


def read_arrays(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Metadata and arrays of a safetensors file of at most MAX_BYTES."""
    from safetensors import safe_open

    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BrokenInputError(f"{path} has {size} bytes, more than any checkpoint here ({MAX_BYTES})")
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
            return file.metadata() or {}, arrays
    except (OSError, SafetensorError, TypeError) as error:
        raise BrokenInputError(f"{path} cannot be read as a checkpoint: {error}", hint=_HINT) from error


def _progress(fields: dict[str, Any]) -> Progress:
    progress = Progress(**fields)
    if progress.epoch < 0 or progress.batch < 0 or not isinstance(progress.random_state, str):
        raise ValueError(f"position {progress.epoch}, {progress.batch}")
    return progress


def _part(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
