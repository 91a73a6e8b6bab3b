# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop: it learns, and it continues bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from keima_cli.console import Output
from keima_cli.errors import BrokenInputError
from keima_zoo import checkpoint
from keima_zoo.fashion_mnist import Split
from keima_zoo.recipe import Recipe
from keima_zoo.training import Run, Session, evaluate, train

RECIPE = Recipe(model="lenet", epochs=2, batch_size=16, lr=0.05, flip=True, shift=2, warmup_batches=5, label_smooth=0.1)


def weights(run: Run) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in run.model.state_dict().items()}


def test_it_learns(data: Split, tmp_path: Path) -> None:
    run = Run(RECIPE.model_copy(update={"epochs": 12, "shift": 0}), data)
    before, _ = evaluate(run.model, data)
    train(run, data, tmp_path, Session(Output(quiet=True)))
    after, confusion = evaluate(run.model, data)
    assert before < 0.4
    assert after > 0.95
    assert confusion.sum() == len(data.labels)
    assert [entry["accuracy"] for entry in run.progress.history][-1] == after


@pytest.mark.parametrize("stop", [1, 7, 20, 33])
def test_a_run_continued_from_its_checkpoint_ends_with_the_same_bits(data: Split, tmp_path: Path, stop: int) -> None:
    whole = Run(RECIPE, data)
    train(whole, data, tmp_path, Session(Output(quiet=True)))

    first, done = Run(RECIPE, data), 0
    while done < stop:
        for images, labels in first.batches():
            first.train_batch(images, labels)
            done += 1
            if done == stop:
                break
        else:
            first.progress.epoch, first.progress.batch, first.progress.loss_sum = first.progress.epoch + 1, 0, 0.0
    path = tmp_path / "stopped.safetensors"
    checkpoint.write(path, first.snapshot())

    second = Run(RECIPE, data)
    second.restore(checkpoint.read(path))
    train(second, data, tmp_path, Session(Output(quiet=True)))
    assert weights(second) == weights(whole)


def test_a_checkpoint_cut_short_is_refused(data: Split, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.write(path, Run(RECIPE, data).snapshot())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BrokenInputError, match="cannot be read as a checkpoint"):
        checkpoint.read(path)


def damaged(path: Path, change: dict[str, object], drop: str = "") -> None:
    """Rewrite a checkpoint with other arrays or another state, the file itself being sound."""
    metadata, arrays = checkpoint.read_arrays(path)
    arrays.pop(drop, None)
    path.write_bytes(save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, {**metadata, **change}))


@pytest.mark.parametrize(
    "state",
    ["{", "{}", "[]", '{"recipe": 3}', '{"recipe": {}, "progress": {"epok": 1}, "optimizer_steps": 0}'],
)
def test_a_checkpoint_with_a_broken_state_is_refused(data: Split, tmp_path: Path, state: str) -> None:
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.write(path, Run(RECIPE, data).snapshot())
    damaged(path, {"state": state})
    with pytest.raises(BrokenInputError, match="holds no state"):
        checkpoint.read(path)


@pytest.mark.parametrize(
    ("name", "owner"), [("model.fc1.weight", "the model"), ("optimizer.0.momentum_buffer", "the optimizer")]
)
def test_arrays_that_do_not_fit_are_named(data: Split, tmp_path: Path, name: str, owner: str) -> None:
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.write(path, Run(RECIPE, data).snapshot())
    damaged(path, {}, drop=name)
    with pytest.raises(BrokenInputError, match=f"lacks array .* of {owner}"):
        Run(RECIPE, data).restore(checkpoint.read(path))


def test_a_diverged_run_is_named(data: Split, tmp_path: Path) -> None:
    run = Run(RECIPE.model_copy(update={"lr": 1e30, "warmup_batches": 0}), data)
    with pytest.raises(BrokenInputError, match="the loss is"):
        train(run, data, tmp_path, Session(Output(quiet=True)))
    assert not (tmp_path / "checkpoint.safetensors").exists()
