# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima train`, `keima eval` and `keima predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image, UnidentifiedImageError

import keima.functional as F  # noqa: N812  # the field's name for it
from keima_cli import atomic, locks
from keima_cli.console import Output
from keima_cli.errors import BrokenInputError, WrongUseError
from keima_zoo import checkpoint, events, fashion_mnist, plots
from keima_zoo.interruption import StopRequest
from keima_zoo.recipe import Recipe, load_recipe
from keima_zoo.training import Run, Session, evaluate, prepare
from keima_zoo.training import train as run_training
from keima_zoo.weights import load_model

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder with the four Fashion-MNIST .gz files.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No remarks and no progress.")]

train_app = typer.Typer(add_completion=False)
eval_app = typer.Typer(add_completion=False)
predict_app = typer.Typer(add_completion=False)


@train_app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe (YAML).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoint, curve and confusion plot.")],
    data: DataOption = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="Change a key: --set lr=0.1.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same as --set seed=N.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint in --out.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a model as a recipe says."""
    output = Output(quiet=quiet, as_json=as_json)
    changes = [*(overrides or []), *([] if seed is None else [f"seed={seed}"])]
    loaded = load_recipe(recipe, changes)
    folder = fashion_mnist.locate(data)
    with atomic.explained(out, "make"):
        out.mkdir(parents=True, exist_ok=True)
    with locks.hold(out / ".lock", "keima train"):
        atomic.remove_leftovers(out)
        accuracy, history = _train_in(out, loaded, folder, resume, output)
    output.result(f"test accuracy {accuracy:.4f}; see {out}", {"accuracy": accuracy, "history": history})


def _train_in(
    out: Path, recipe: Recipe, folder: Path, resume: bool, output: Output
) -> tuple[float, list[dict[str, float]]]:
    path = out / "checkpoint.safetensors"
    if path.exists() and not resume:
        raise WrongUseError(f"{path} exists", hint="add --resume to continue it, or choose another --out")
    run = Run(recipe, fashion_mnist.read_split(folder, train=True))
    if resume:
        _resume(run, path)
    test = fashion_mnist.read_split(folder, train=False)
    with StopRequest() as stop, events.open_log(out / "events") as log:
        run_training(run, test, out, Session(output, stop, log))
    accuracy, matrix = evaluate(run.model, test)
    plots.curve(run.progress.history, out / "curve.png")
    plots.confusion(matrix, out / "confusion.png")
    return accuracy, run.progress.history


def _resume(run: Run, path: Path) -> None:
    saved = checkpoint.read(path)
    if saved.recipe != run.recipe.model_dump():
        changed = [key for key, value in run.recipe.model_dump().items() if saved.recipe.get(key) != value]
        raise WrongUseError(
            f"{path} was trained with another {', '.join(changed)}", hint="use its recipe, or another --out"
        )
    run.restore(saved)


@eval_app.command("eval")
def evaluate_command(
    weights: Annotated[Path, typer.Argument(help="A checkpoint, or published weights.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a trained model on its recipe's test set."""
    model, recipe = load_model(weights)
    accuracy, matrix = evaluate(model, fashion_mnist.read_split(fashion_mnist.locate(data), train=False))
    result = {"model": recipe["model"], "accuracy": accuracy, "confusion": matrix.tolist()}
    Output(as_json=as_json).result(f"{recipe['model']}: test accuracy {accuracy:.4f}", result)


@predict_app.command()
def predict(
    weights: Annotated[Path, typer.Argument(help="A checkpoint, or published weights.")],
    images: Annotated[list[Path], typer.Argument(help="Images: light clothes on black, as in the data set.")],
    as_json: JsonOption = False,
) -> None:
    """Say what images show, with a trained model."""
    model, _ = load_model(weights)
    pixels = np.stack([_read_image(path) for path in images])
    shares = F.softmax(model(prepare(pixels)), axis=1).numpy()
    best = shares.argmax(1)
    rows = [
        {"image": str(path), "class": fashion_mnist.CLASSES[k], "probability": float(share[k])}
        for path, k, share in zip(images, best, shares, strict=True)
    ]
    lines = "\n".join(f"{row['image']}: {row['class']} ({row['probability']:.2f})" for row in rows)
    Output(as_json=as_json).result(lines, {"predictions": rows})


def _read_image(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L").resize((28, 28)), dtype=np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BrokenInputError(f"{path} cannot be read as an image: {error}") from error
