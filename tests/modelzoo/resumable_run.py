# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A training run for tests to kill: python resumable_run.py FOLDER DATA.npz; continues where FOLDER stands."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from keima_cli.console import Output
from keima_cli.errors import InterruptedByUserError
from keima_zoo import checkpoint
from keima_zoo.fashion_mnist import Split
from keima_zoo.interruption import StopRequest
from keima_zoo.recipe import Recipe
from keima_zoo.training import Run, Session, train

RECIPE = Recipe(model="lenet", epochs=8, batch_size=16, lr=0.05, flip=True, shift=2, warmup_batches=5)


def main(folder: Path, data_path: Path) -> int:
    with np.load(data_path) as file:
        data = Split(file["images"], file["labels"])
    run = Run(RECIPE, data)
    path = folder / "checkpoint.safetensors"
    if path.exists():
        run.restore(checkpoint.read(path))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    with StopRequest() as stop:
        try:
            train(run, data, folder, Session(Output(quiet=True), stop, batches_a_checkpoint=2))
        except InterruptedByUserError:
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
