# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What can be profiled: each is made into a function that runs it once."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

import keima
from keima import FileFormatError
from keima.jit import GraphModel, load_graph
from keima_cli.errors import BrokenInputError, MissingExtraError, WrongUseError

Run = Callable[[], object]

# Packages with training recipes offer, by the suffix of their files, a function (path, overrides) -> Run.
GROUP = "keima.training_steps"


def graph_run(path: Path) -> Run:
    """Runs the graph in a file on random inputs; BrokenInputError says what is wrong with the file."""
    try:
        model = load_graph(path)
    except (FileFormatError, MemoryError) as error:
        raise BrokenInputError(f"{path}: {error}") from error
    inputs = random_inputs(model)
    return lambda: model(*inputs)


def random_inputs(model: GraphModel) -> list[keima.Tensor]:
    """Normal numbers for float inputs; zeros for all others, which are positions as a rule."""
    generator = np.random.default_rng(0)
    inputs = []
    for shape, dtype in model.inputs.values():
        values = generator.standard_normal(shape) if "float" in dtype else np.zeros(shape)
        inputs.append(keima.Tensor(values.astype(np.float32), dtype=dtype))
    return inputs


def subject(path: Path, overrides: list[str]) -> Run:
    """A training step where an installed package knows files of this kind, else the graph in the file."""
    steps = {entry.name: entry for entry in entry_points(group=GROUP)}
    entry = steps.get(path.suffix.lower().lstrip("."))
    if entry is None:
        if overrides:
            raise WrongUseError("--set changes keys of a recipe; a graph file has none")
        return graph_run(path)
    try:
        make = entry.load()
    except ModuleNotFoundError as error:
        raise MissingExtraError("profile", ",".join(entry.extras) or "all", str(error.name)) from error
    run: Run = make(path, overrides)
    return run
