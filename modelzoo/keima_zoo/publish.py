# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Makes a zoo entry of a finished run: python -m keima_zoo.publish RUN HUB [--data DIR].

The entry is the weights, a record of what was measured on that very file, a card written from the record, and the run's
log and plots. No figure is typed by hand.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import keima
from keima_cli import atomic
from keima_cli.errors import BrokenInputError
from keima_zoo import checkpoint, fashion_mnist, plots, weights
from keima_zoo.training import PIXEL_MEAN, PIXEL_STD, evaluate


@dataclass(frozen=True)
class Record:
    """What is known of one weights file; `accuracy` is measured on the file after its rounding to float16."""

    file: str
    sha256: str
    bytes: int
    model: str
    parameters: int
    accuracy: float
    test_images: int
    recipe: dict[str, Any]
    history: list[dict[str, float]]
    data: dict[str, str]
    pixel_mean: float
    pixel_std: float
    keima: str


def measure(path: Path, history: list[dict[str, float]], test: fashion_mnist.Split) -> tuple[Record, NDArray[np.int64]]:
    """The record of a weights file, its accuracy measured now, and the confusion matrix of that."""
    model, recipe = weights.load_model(path)
    accuracy, confusion = evaluate(model, test)
    record = Record(
        file=path.name,
        sha256=weights.sha256(path),
        bytes=path.stat().st_size,
        model=recipe["model"],
        parameters=sum(int(np.prod(p.shape)) for p in model.parameters()),
        accuracy=accuracy,
        test_images=len(test.images),
        recipe=recipe,
        history=history,
        data=fashion_mnist.SHA256,
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
        keima=keima.__version__,
    )
    return record, confusion


def card(record: Record) -> str:
    """The card for people, in Markdown."""
    stem = Path(record.file).stem
    settings = "\n".join(f"| {key} | {value} |" for key, value in record.recipe.items())
    epochs = "\n".join(
        f"| {number} | {entry['loss']:.4f} | {entry['accuracy']:.4f} |"
        for number, entry in enumerate(record.history, 1)
    )
    return f"""\
<!-- SPDX-FileCopyrightText: 2026 The Keima Authors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
# {record.model} on Fashion-MNIST

**Test accuracy {record.accuracy:.4f}** on the {record.test_images:,} test images, measured on this file.

| | |
|---|---|
| file | `{record.file}`, {record.bytes:,} bytes, float16 |
| SHA-256 | `{record.sha256}` |
| parameters | {record.parameters:,} |
| input | (N, 1, 28, 28): pixel / 255, minus {record.pixel_mean}, over {record.pixel_std}; light clothes on black |
| output | logits of {", ".join(fashion_mnist.CLASSES)} |
| licence of the weights | Apache-2.0 |
| licence of the data | MIT (Fashion-MNIST, Zalando SE) |
| licence of the code | Apache-2.0 |
| made with | keima {record.keima} |

Measure it again:

    keima eval modelzoo/hub/{record.file}

Train it again (the order of the sums, and so the last digits, depends on the processor):

    keima train modelzoo/keima_zoo/recipes/{record.model}.yaml --out run

## Limits

Trained on centred product photographs of ten classes, and tested on such; photographs of other kinds, and classes that
are not in the list, get one of the ten names all the same. Not evaluated for any use beyond the benchmark.

## Recipe

| key | value |
|---|---|
{settings}

## Training

| epoch | training loss | test accuracy |
|---|---|---|
{epochs}

![Loss and accuracy by epoch]({stem}-curve.png)
![Confusion matrix]({stem}-confusion.png)
"""


def publish(run: Path, hub: Path, test: fashion_mnist.Split) -> Record:
    """Write the entry of the finished run in folder `run` to `hub`."""
    saved = checkpoint.read(run / "checkpoint.safetensors")
    if saved.progress.epoch < saved.recipe["epochs"]:
        raise BrokenInputError(f"{run} has trained {saved.progress.epoch} epochs of {saved.recipe['epochs']}")
    path = weights.write(hub, saved)
    record, confusion = measure(path, saved.progress.history, test)
    plots.curve(record.history, hub / f"{path.stem}-curve.png")
    plots.confusion(confusion, hub / f"{path.stem}-confusion.png")
    with atomic.explained(run / "log.txt", "read"):
        atomic.write_bytes(hub / f"{path.stem}-log.txt", (run / "log.txt").read_bytes())
    atomic.write_text(hub / f"{path.stem}.json", json.dumps(asdict(record), indent=2) + "\n")
    atomic.write_text(hub / f"{path.stem}.md", card(record))
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("hub", type=Path)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    test = fashion_mnist.read_split(fashion_mnist.locate(arguments.data), train=False)
    record = publish(arguments.run, arguments.hub, test)
    print(f"{record.file}: test accuracy {record.accuracy:.4f}")  # noqa: T201


if __name__ == "__main__":
    main()
