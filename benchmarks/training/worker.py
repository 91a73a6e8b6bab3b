# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Times steps of one framework and prints JSON: keima|keima-traced|torch CASE THREADS STEPS [LIMIT].

LIMIT: for keima, bytes that may be reserved; for keima-traced, MiB that the step's arena should take. Values are
computed again where they do not fit.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import time
from typing import Any

from benchmarks.training.cases import ALL_CASES, Net
from benchmarks.training.step import Step

WARM_UP = 3


def prepare(framework: str, net: Net, threads: int, limit: int) -> Step:
    """Each interpreter has one of the frameworks."""
    if framework == "torch":
        import torch

        from benchmarks.training import torch_step

        torch.set_num_threads(threads)
        return torch_step.prepare(net, limit)
    os.environ["KEIMA_NUM_THREADS"] = str(threads)
    from benchmarks.training import keima_step

    return keima_step.prepare_traced(net, limit) if framework == "keima-traced" else keima_step.prepare(net, limit)


def main() -> None:
    framework, name, threads, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    limit = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    step = prepare(framework, ALL_CASES[name], threads, limit)
    losses = [step.run() for _ in range(WARM_UP)]
    seconds, cpu = [], []
    for _ in range(steps):
        begun, used = time.perf_counter(), time.process_time()
        losses.append(step.run())
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    figures: dict[str, Any] = {"losses": losses, "seconds": statistics.median(seconds), "cpu": statistics.median(cpu)}
    if framework != "torch":
        from keima import device, dtr

        figures |= {
            "state": hashlib.sha256(step.state()).hexdigest(),
            "allocated": device.get_max_allocated_memory(),
            "reserved": device.get_max_reserved_memory(),
            "recomputed": dtr.counts()[1],
            **step.plan(),
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
