# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Measures one framework in this process and prints the figures as JSON: seconds, except `rss` in bytes."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

CALLS = {"add_10": 20000, "forward_backward": 3000, "sequence": 5}
"""Calls in a run of each case."""
SEQUENCE = (200, 64, 256)
"""Steps of a sequence, and what each of them is: a loop reads them one by one, backward gathers their gradients."""


def best_of(body: Callable[[], Any], number: int, repeats: int = 7) -> float:
    """Seconds a call: the best of some runs, the others having been disturbed."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(number):
            body()
        times.append((time.perf_counter() - start) / number)
    return min(times)


def keima_cases() -> dict[str, Callable[[], Any]]:
    os.environ["KEIMA_NUM_THREADS"] = "1"
    import keima

    a, b = keima.Tensor([1.0] * 10), keima.Tensor([2.0] * 10)
    x, y = keima.Tensor([1.0, 2.0, 3.0]), keima.Tensor([4.0, 5.0, 6.0])
    manager = keima.autodiff.GradManager().attach([x, y])
    total = keima._core.ops.sum

    def step() -> None:
        with manager:
            manager.backward(total(2.0 * y + x))
        x.grad = None
        y.grad = None

    steps = keima.functional.zeros(SEQUENCE)
    sequence_manager = keima.autodiff.GradManager().attach(steps)

    def sequence() -> None:
        with sequence_manager:
            sequence_manager.backward(total(last_of(steps)))
        steps.grad = None

    return {"add_10": lambda: a + b, "forward_backward": step, "sequence": sequence}


def last_of(steps: Any) -> Any:
    """The last state of the simplest recurrence."""
    state = steps[0]
    for t in range(1, SEQUENCE[0]):
        state = state + steps[t]
    return state


def torch_cases() -> dict[str, Callable[[], Any]]:
    import torch

    torch.set_num_threads(1)
    a, b = torch.ones(10), torch.ones(10)
    x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

    def step() -> None:
        (2.0 * y + x).sum().backward()
        x.grad = None
        y.grad = None

    steps = torch.zeros(SEQUENCE, requires_grad=True)

    def sequence() -> None:
        last_of(steps).sum().backward()
        steps.grad = None

    return {"add_10": lambda: a + b, "forward_backward": step, "sequence": sequence}


def main(framework: str) -> None:
    start = time.perf_counter()
    import numpy  # noqa: F401  # both frameworks load it; what they add to it is the question

    numpy_seconds = time.perf_counter() - start
    start = time.perf_counter()
    cases = {"keima": keima_cases, "torch": torch_cases}[framework]()
    figures = {"import_numpy": numpy_seconds, "import_beyond_numpy": time.perf_counter() - start}
    figures["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for name, body in cases.items():
        best_of(body, -(-CALLS[name] // 20), 1)
        figures[name] = best_of(body, CALLS[name])
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
