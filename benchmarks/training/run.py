# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the worker for each framework in alternation and reports the ratio of their speeds with its spread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import machine, paired, parse_arguments, peer_python, write_figures

WORKER = Path(__file__).with_name("worker.py")
BATCH = 64


def run_worker(python: Path, framework: str, threads: int) -> tuple[float, list[float]]:
    """Images a second, and the losses of the first steps."""
    done = subprocess.run([python, WORKER, framework, str(threads)], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    return BATCH / figures["seconds"], figures["losses"]


def compare(peer: Path, threads: int, rounds: int) -> dict[str, float]:
    """Images a second of both in paired runs; the first losses must agree."""
    ours, theirs = [], []
    for _ in range(rounds):
        speed, losses = run_worker(Path(sys.executable), "keima", threads)
        their_speed, their_losses = run_worker(peer, "torch", threads)
        if abs(losses[0] - their_losses[0]) > 1e-3 or abs(losses[1] - their_losses[1]) > 1e-2:
            raise SystemExit(f"the losses differ: {losses} and {their_losses}")
        ours.append(speed)
        theirs.append(their_speed)
    return paired(ours, theirs)


def main() -> None:
    arguments = parse_arguments(__doc__, "training", rounds=5)
    peer = peer_python(arguments.peer)
    head = machine()
    rows = {f"{threads} thread(s)": compare(peer, threads, arguments.rounds) for threads in (1, 2)}
    write_figures(arguments.output, {**head, "figures": rows})
    print(f"{'ResNet-18, 32x32, batch 64':28}{'keima':>10}{'torch':>10}{'ratio':>8}  (spread), images/s")
    for name, row in rows.items():
        spread = f"({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
        print(f"{name:28}{row['keima']:10.0f}{row['torch']:10.0f}{row['ratio']:8.2f}  {spread}")


if __name__ == "__main__":
    main()
