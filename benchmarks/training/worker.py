# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Times steps of one framework and prints JSON: worker.py keima|torch CASE THREADS STEPS [LIMIT].

LIMIT (keima alone): bytes that may be reserved; values are then computed again where they do not fit.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from nets import ALL_CASES, Case, Conv, data, fixed_weights, forward

WARM_UP = 3


class Run:
    """A framework's training step, and its state as bytes."""

    def __init__(self, step: Callable[[], float], state: Callable[[], bytes]) -> None:
        self.step, self.state = step, state


# At a rate of 0.1 ResNet-50's loss climbs to 50 within six steps, where rounding decides: nothing could be compared.
UPDATE = {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}


def keima_run(case: Case, threads: int, limit: int) -> Run:
    os.environ["KEIMA_NUM_THREADS"] = str(threads)
    import keima
    import keima.functional as F  # noqa: N812
    import keima.module as M  # noqa: N812

    if limit:
        keima.dtr.enable()
        keima.device.set_memory_limit(limit)
    weights = {name: keima.Parameter(array) for name, array in fixed_weights(case).items()}
    norms = {name: M.BatchNorm2d(w.shape[0]) for name, w in weights.items() if name != "fc"}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = keima.optimizer.SGD(parameters, **UPDATE)
    manager = keima.autodiff.GradManager().attach(parameters)
    images, labels = (keima.Tensor(array) for array in data(case))

    class Layers:
        def unit(self, x: Any, conv: Conv) -> Any:
            return norms[conv.name](F.conv2d(x, weights[conv.name], None, conv.stride, conv.size // 2))

        def relu(self, x: Any) -> Any:
            return F.relu(x)

        def max_pool(self, x: Any) -> Any:
            return F.max_pool2d(x, 3, 2, 1)

        def classify(self, x: Any) -> Any:
            return F.linear(F.mean(x, (2, 3)), weights["fc"])

    layers = Layers()

    def step() -> float:
        with manager:
            loss = F.cross_entropy(forward(case, layers, images), labels)
            manager.backward(loss)
        optimizer.step().clear_grad()
        return float(loss)

    def state() -> bytes:
        statistics_ = [s for norm in norms.values() for s in (norm.running_mean, norm.running_var)]
        return b"".join(tensor.numpy().tobytes() for tensor in [*parameters, *statistics_])

    return Run(step, state)


def torch_run(case: Case, threads: int, _: int) -> Run:
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.set_num_threads(threads)
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in fixed_weights(case).items()}
    norms = {name: torch.nn.BatchNorm2d(w.shape[0]) for name, w in weights.items() if name != "fc"}
    parameters = list(weights.values()) + [p for norm in norms.values() for p in norm.parameters()]
    optimizer = torch.optim.SGD(parameters, **UPDATE)
    images, labels = (torch.tensor(array) for array in data(case))
    labels = labels.long()

    class Layers:
        def unit(self, x: Any, conv: Conv) -> Any:
            return norms[conv.name](F.conv2d(x, weights[conv.name], None, conv.stride, conv.size // 2))

        def relu(self, x: Any) -> Any:
            return F.relu(x)

        def max_pool(self, x: Any) -> Any:
            return F.max_pool2d(x, 3, 2, 1)

        def classify(self, x: Any) -> Any:
            return F.linear(x.mean((2, 3)), weights["fc"])

    layers = Layers()

    def step() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(forward(case, layers, images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Run(step, lambda: b"")


def main() -> None:
    framework, name, threads, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    limit = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    run = {"keima": keima_run, "torch": torch_run}[framework](ALL_CASES[name], threads, limit)
    losses = [run.step() for _ in range(WARM_UP)]
    seconds, cpu = [], []
    for _ in range(steps):
        begun, used = time.perf_counter(), time.process_time()
        losses.append(run.step())
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    figures: dict[str, Any] = {"losses": losses, "seconds": statistics.median(seconds), "cpu": statistics.median(cpu)}
    if framework == "keima":
        from keima import device, dtr

        figures |= {
            "state": hashlib.sha256(run.state()).hexdigest(),
            "allocated": device.get_max_allocated_memory(),
            "reserved": device.get_max_reserved_memory(),
            "recomputed": dtr.counts()[1],
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
