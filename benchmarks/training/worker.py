# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Times steps of one framework and prints JSON: worker.py keima|torch THREADS."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

BATCH, CLASSES, WARM_UP, STEPS = 64, 1000, 3, 12
# In and out channels and stride of the eight blocks.
BLOCKS = [
    (64, 64, 1),
    (64, 64, 1),
    (64, 128, 2),
    (128, 128, 1),
    (128, 256, 2),
    (256, 256, 1),
    (256, 512, 2),
    (512, 512, 1),
]


def fixed_weights() -> dict[str, np.ndarray]:
    """He-initialised weights by name, the same for both frameworks."""
    rng = np.random.default_rng(0)

    def conv(out: int, channels: int, size: int) -> np.ndarray:
        scale = (2 / (channels * size * size)) ** 0.5
        return (rng.normal(size=(out, channels, size, size)) * scale).astype(np.float32)

    weights = {"stem": conv(64, 3, 7)}
    for i, (channels, out, stride) in enumerate(BLOCKS):
        weights |= {f"{i}.a": conv(out, channels, 3), f"{i}.b": conv(out, out, 3)}
        if stride != 1:
            weights[f"{i}.s"] = conv(out, channels, 1)
    weights["fc"] = (rng.normal(size=(CLASSES, 512)) * 512**-0.5).astype(np.float32)
    return weights


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(BATCH, 3, 32, 32)).astype(np.float32), rng.integers(0, CLASSES, BATCH).astype(np.int32)


def keima_step(threads: int) -> Callable[[], float]:
    import os

    os.environ["KEIMA_NUM_THREADS"] = str(threads)
    import keima
    import keima.functional as F  # noqa: N812
    import keima.module as M  # noqa: N812

    weights = {name: keima.Parameter(array) for name, array in fixed_weights().items()}
    norms = {name: M.BatchNorm2d(w.shape[0]) for name, w in weights.items() if name != "fc"}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = keima.optimizer.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=5e-4)
    manager = keima.autodiff.GradManager().attach(parameters)
    images, labels = (keima.Tensor(array) for array in data())

    def unit(x: keima.Tensor, name: str, stride: int, padding: int) -> keima.Tensor:
        out: keima.Tensor = norms[name](F.conv2d(x, weights[name], None, stride, padding))
        return out

    def forward(x: keima.Tensor) -> keima.Tensor:
        x = F.max_pool2d(F.relu(unit(x, "stem", 2, 3)), 3, 2, 1)
        for i, (_, _, stride) in enumerate(BLOCKS):
            out = unit(F.relu(unit(x, f"{i}.a", stride, 1)), f"{i}.b", 1, 1)
            x = F.relu(out + (x if stride == 1 else unit(x, f"{i}.s", stride, 0)))
        return F.linear(F.mean(x, (2, 3)), weights["fc"])

    def step() -> float:
        with manager:
            loss = F.cross_entropy(forward(images), labels)
            manager.backward(loss)
        optimizer.step().clear_grad()
        return float(loss)

    return step


def torch_step(threads: int) -> Callable[[], float]:
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.set_num_threads(threads)
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in fixed_weights().items()}
    norms = {name: torch.nn.BatchNorm2d(w.shape[0]) for name, w in weights.items() if name != "fc"}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1, momentum=0.9, weight_decay=5e-4)
    images, labels = (torch.tensor(array) for array in data())
    labels = labels.long()

    def unit(x: torch.Tensor, name: str, stride: int, padding: int) -> torch.Tensor:
        return norms[name](F.conv2d(x, weights[name], None, stride, padding))

    def forward(x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(unit(x, "stem", 2, 3)), 3, 2, 1)
        for i, (_, _, stride) in enumerate(BLOCKS):
            out = unit(F.relu(unit(x, f"{i}.a", stride, 1)), f"{i}.b", 1, 1)
            x = F.relu(out + (x if stride == 1 else unit(x, f"{i}.s", stride, 0)))
        return F.linear(x.mean((2, 3)), weights["fc"])

    def step() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def main() -> None:
    framework, threads = sys.argv[1], int(sys.argv[2])
    step = {"keima": keima_step, "torch": torch_step}[framework](threads)
    losses = [step() for _ in range(WARM_UP)]
    seconds = []
    for _ in range(STEPS):
        begun = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"losses": losses, "seconds": statistics.median(seconds)}))


if __name__ == "__main__":
    main()
