# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes a few test images as PNG files, for `keima predict` to look at: python -m keima_zoo.samples FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from keima_zoo import fashion_mnist

COUNT = 5


def write_samples(folder: Path, data: fashion_mnist.Split) -> list[Path]:
    """The first test images, each named by its true class."""
    target = folder / "samples"
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(COUNT):
        path = target / f"{number}-{fashion_mnist.CLASSES[data.labels[number]]}.png"
        Image.fromarray(data.images[number]).save(path)
        paths.append(path)
    return paths


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]), fashion_mnist.read_split(fashion_mnist.locate(None), train=False))
