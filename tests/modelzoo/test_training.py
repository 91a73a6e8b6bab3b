# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop: it learns, and it continues bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from keima_cli.console import Output
from keima_cli.errors import BrokenInputError, WrongUseError
from keima_zoo import checkpoint
from keima_zoo.fashion_mnist import Split
from keima_zoo.recipe import Recipe
from keima_zoo.training import PIXEL_MEAN, PIXEL_STD, Run, Session, evaluate, train

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


def test_an_epoch_trains_on_every_image_unless_the_recipe_drops_the_rest(data: Split) -> None:
    def seen(**changes: object) -> tuple[list[int], list[int]]:
        run = Run(RECIPE.model_copy(update={"batch_size": 48, "flip": False, "shift": 0, **changes}), numbered)
        batches = [images.numpy() for images, _ in run.batches()]
        assert len(batches) == run.batches_an_epoch
        numbers = np.concatenate(batches)[:, 0, 0, 0] * PIXEL_STD + PIXEL_MEAN
        return [len(batch) for batch in batches], sorted(np.rint(numbers * 255).astype(int).tolist())

    # Images that say in a corner which they are; 250 = 5 * 48 + 10.
    images = data.images[:250].copy()
    images[:, 0, 0] = np.arange(250)
    numbered = Split(images, data.labels[:250])
    sizes, numbers = seen()
    assert sizes == [48] * 5 + [10]
    assert numbers == list(range(250))
    sizes, numbers = seen(drop_last=True)
    assert sizes == [48] * 5
    assert len(set(numbers)) == 240


def test_the_mean_loss_weighs_images_alike(data: Split, tmp_path: Path) -> None:
    run = Run(RECIPE.model_copy(update={"batch_size": 300, "epochs": 1, "lr": 1e-30, "warmup_batches": 0}), data)
    losses = [(run.train_batch(images, labels), len(labels)) for images, labels in run.batches()]
    assert [count for _, count in losses] == [300, 20]
    again = Run(run.recipe, data)
    train(again, data, tmp_path, Session(Output(quiet=True)))
    expected = sum(loss * count for loss, count in losses) / 320
    assert abs(again.progress.history[0]["loss"] - expected) < 1e-6


def test_evaluation_leaves_no_image_out(data: Split) -> None:
    many = Split(np.concatenate([data.images] * 3), np.concatenate([data.labels] * 3))  # 960: no multiple of a batch
    model = Run(RECIPE, data).model
    accuracy, confusion = evaluate(model, many)
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(many.labels, minlength=10))
    assert accuracy == evaluate(model, data)[0]


def test_a_batch_larger_than_the_data_is_one_batch_or_refused(data: Split) -> None:
    large = RECIPE.model_copy(update={"batch_size": 1000})
    assert Run(large, data).batches_an_epoch == 1
    with pytest.raises(WrongUseError, match="batch_size 1000 with drop_last leaves nothing of 320 images"):
        Run(large.model_copy(update={"drop_last": True}), data)


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
