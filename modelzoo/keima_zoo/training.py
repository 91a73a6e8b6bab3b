# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The one training loop: what recipes say, with checkpoints from which it continues bit for bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import keima
import keima.functional as F  # noqa: N812  # the field's name for it
from keima.autodiff import GradManager
from keima.optimizer import SGD
from keima_cli import atomic
from keima_cli.console import Output
from keima_cli.errors import BrokenInputError, InterruptedByUserError, WrongUseError
from keima_zoo import checkpoint
from keima_zoo.events import EventLog
from keima_zoo.fashion_mnist import Split
from keima_zoo.interruption import StopRequest
from keima_zoo.models import MODELS
from keima_zoo.recipe import Recipe
from keima_zoo.weights import load_weights, require_same_arrays

# Mean and standard deviation of the training pixels, in [0, 1].
PIXEL_MEAN, PIXEL_STD = 0.2860, 0.3530
BATCHES_A_CHECKPOINT = 200
EVALUATION_BATCH = 500


def prepare(images: NDArray[np.uint8]) -> keima.Tensor:
    """Images (n, 28, 28) as the networks take them: (n, 1, 28, 28), standardised."""
    pixels = images[:, None].astype(np.float32) / np.float32(255)
    return keima.Tensor((pixels - np.float32(PIXEL_MEAN)) / np.float32(PIXEL_STD))


def augment(images: NDArray[np.uint8], recipe: Recipe, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Some images mirrored, all moved by up to `shift` pixels."""
    if recipe.flip:
        mirrored = generator.random(len(images)) < 0.5
        images = np.where(mirrored[:, None, None], images[:, :, ::-1], images)
    if recipe.shift:
        reach = recipe.shift
        padded = np.pad(images, ((0, 0), (reach, reach), (reach, reach)))
        corners = generator.integers(0, 2 * reach + 1, (len(images), 2))
        images = np.stack([p[y : y + 28, x : x + 28] for p, (y, x) in zip(padded, corners, strict=True)])
    return images


class Run:
    """A model, its optimizer and where its training stands."""

    def __init__(self, recipe: Recipe, data: Split) -> None:
        self.recipe, self.data = recipe, data
        if recipe.drop_last and recipe.batch_size > len(data.images):
            raise WrongUseError(
                f"batch_size {recipe.batch_size} with drop_last leaves nothing of {len(data.images)} images",
                hint="use a smaller batch_size, or drop_last=false",
            )
        keima.random.seed(recipe.seed)
        self.model = MODELS[recipe.model]()
        self.optimizer = SGD(
            self.model.parameters(), lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
        self.manager = GradManager().attach(self.model.parameters())
        self.progress = checkpoint.Progress()

    @property
    def images_an_epoch(self) -> int:
        """All of the training set, but for a last batch that is not full where the recipe drops it."""
        images = len(self.data.images)
        return images - images % self.recipe.batch_size if self.recipe.drop_last else images

    @property
    def batches_an_epoch(self) -> int:
        return math.ceil(self.images_an_epoch / self.recipe.batch_size)

    @property
    def batches_done(self) -> int:
        """Batches trained on since the run's start."""
        return self.progress.epoch * self.batches_an_epoch + self.progress.batch

    def learning_rate(self, batch: int) -> float:
        """Linear warm-up, then half a cosine to 0 (Loshchilov and Hutter, 2017); `batch` counts from the start."""
        total = self.recipe.epochs * self.batches_an_epoch
        if batch < self.recipe.warmup_batches:
            return self.recipe.lr * (batch + 1) / self.recipe.warmup_batches
        return self.recipe.lr * 0.5 * (1 + math.cos(math.pi * batch / total))

    def batches(self) -> Iterator[tuple[keima.Tensor, keima.Tensor]]:
        """What is left of the running epoch; order and augmentation depend on seed, epoch and batch alone."""
        epoch, size = self.progress.epoch, self.recipe.batch_size
        order = np.random.Generator(np.random.Philox([self.recipe.seed, epoch])).permutation(len(self.data.images))
        for batch in range(self.progress.batch, self.batches_an_epoch):
            chosen = order[batch * size : (batch + 1) * size]
            generator = np.random.Generator(np.random.Philox([self.recipe.seed, epoch, batch]))
            images = augment(self.data.images[chosen], self.recipe, generator)
            yield prepare(images), keima.Tensor(self.data.labels[chosen])

    def train_batch(self, images: keima.Tensor, labels: keima.Tensor) -> float:
        """One step; returns the loss before it."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(self.batches_done)
        with self.manager:
            loss = F.cross_entropy(self.model(images), labels, label_smooth=self.recipe.label_smooth)
            self.manager.backward(loss)
        self.optimizer.step().clear_grad()
        value = float(loss)
        self.progress.batch += 1
        self.progress.loss_sum += value * len(labels)
        return value

    def snapshot(self) -> checkpoint.Checkpoint:
        """The whole state, arrays copied."""
        self.progress.random_state = keima.random.get_state()
        held = self.optimizer.state_dict()
        arrays = {f"{i}.{name}": array for i, named in held["state"].items() for name, array in named.items()}
        steps = held["param_groups"][0].get("step", 0)
        return checkpoint.Checkpoint(self.recipe.model_dump(), self.progress, self.model.state_dict(), arrays, steps)

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Continue from a snapshot of the same recipe; arrays that do not fit the model raise BrokenInputError."""
        load_weights(self.model, saved.model)
        held = self.optimizer.state_dict()
        expected = {f"{i}.{name}": array for i, named in held["state"].items() for name, array in named.items()}
        require_same_arrays("the optimizer", expected, saved.optimizer)
        for i, named in held["state"].items():
            held["state"][i] = {name: saved.optimizer[f"{i}.{name}"] for name in named}
        held["param_groups"][0]["step"] = saved.optimizer_steps
        self.optimizer.load_state_dict(held)
        try:
            keima.random.set_state(saved.progress.random_state)
        except (KeyError, TypeError, ValueError) as error:
            raise BrokenInputError(f"the checkpoint's random state is damaged: {error!r}") from error
        self.progress = saved.progress


def evaluate(model: keima.module.Module, data: Split) -> tuple[float, NDArray[np.int64]]:
    """Accuracy, and the confusion matrix [true class][predicted class]."""
    training = model.training
    model.eval()
    confusion = np.zeros((10, 10), dtype=np.int64)
    for start in range(0, len(data.images), EVALUATION_BATCH):
        part = slice(start, start + EVALUATION_BATCH)
        predicted = F.argmax(model(prepare(data.images[part])), axis=1).numpy()
        np.add.at(confusion, (data.labels[part], predicted), 1)
    model.train(training)
    return float(np.trace(confusion) / confusion.sum()), confusion


@dataclass
class Session:
    """What surrounds a run: where its words and figures go, and who may stop it."""

    output: Output
    stop: StopRequest = field(default_factory=StopRequest)
    log: EventLog = field(default_factory=EventLog)
    batches_a_checkpoint: int = BATCHES_A_CHECKPOINT


def train(run: Run, test: Split, folder: Path, session: Session) -> None:
    """Train to the recipe's end, with checkpoints and a log in `folder`.

    When the session's stop is asked for, the batch in work is finished, a checkpoint written and
    InterruptedByUserError raised. A loss that is not finite raises BrokenInputError and writes nothing.
    """
    path = folder / "checkpoint.safetensors"
    while run.progress.epoch < run.recipe.epochs:
        _train_epoch(run, path, session)
        accuracy, _ = evaluate(run.model, test)
        session.log.scalar("test/accuracy", accuracy, run.batches_done)
        loss = run.progress.loss_sum / run.images_an_epoch
        run.progress.history.append({"loss": loss, "accuracy": accuracy})
        run.progress.epoch, run.progress.batch, run.progress.loss_sum = run.progress.epoch + 1, 0, 0.0
        checkpoint.write(path, run.snapshot())
        atomic.write_text(folder / "log.txt", log_text(run))
        epochs = f"{run.progress.epoch}/{run.recipe.epochs}"
        session.output.say(f"epoch {epochs}: loss {loss:.4f}, test accuracy {accuracy:.4f}")
        if session.stop.asked and run.progress.epoch < run.recipe.epochs:
            raise _stopped(path)


def log_text(run: Run) -> str:
    """A line an epoch: the mean training loss and the test accuracy behind it."""
    lines = [
        f"epoch {number}: loss {epoch['loss']:.4f}, test accuracy {epoch['accuracy']:.4f}"
        for number, epoch in enumerate(run.progress.history, 1)
    ]
    return "\n".join([f"{run.recipe.model}, seed {run.recipe.seed}, keima {keima.__version__}", *lines, ""])


def _train_epoch(run: Run, path: Path, session: Session) -> None:
    label = f"epoch {run.progress.epoch + 1}"
    left = run.images_an_epoch - run.progress.batch * run.recipe.batch_size
    with session.output.track(label, left, unit="images") as tracker:
        for images, labels in run.batches():
            loss = run.train_batch(images, labels)
            if not math.isfinite(loss):
                raise BrokenInputError(
                    f"the loss is {loss} at batch {run.progress.batch} of {label}", hint="use a smaller lr"
                )
            tracker.advance(len(labels), f"loss {loss:.3f}")
            session.log.scalar("train/loss", loss, run.batches_done)
            if session.stop.asked or run.progress.batch % session.batches_a_checkpoint == 0:
                checkpoint.write(path, run.snapshot())
            if session.stop.asked:
                raise _stopped(path)


def _stopped(path: Path) -> InterruptedByUserError:
    return InterruptedByUserError(f"stopped; {path} holds the state", hint="the same command with --resume")
