# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the worker for each framework in alternation and reports the ratio of their speeds with its spread."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from peers import cpu_name, measured_peak, peer_python

WORKER = Path(__file__).with_name("worker.py")
BATCH = 64


def run_worker(python: Path, framework: str, threads: int) -> tuple[float, list[float]]:
    done = subprocess.run([python, WORKER, framework, str(threads)], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    return figures["seconds"], figures["losses"]


def compare(peer: Path, threads: int, rounds: int) -> dict[str, float]:
    """Speed of ours over theirs in paired runs; the first losses must agree."""
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        (a, losses), (b, their_losses) = (
            run_worker(Path(sys.executable), "keima", threads),
            run_worker(peer, "torch", threads),
        )
        if abs(losses[0] - their_losses[0]) > 1e-3 or abs(losses[1] - their_losses[1]) > 1e-2:
            raise SystemExit(f"the losses differ: {losses} and {their_losses}")
        ratios.append(b / a)
        ours.append(a)
        theirs.append(b)
    return {
        "threads": threads,
        "keima_images_a_second": BATCH / statistics.median(ours),
        "torch_images_a_second": BATCH / statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of fresh processes (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("build/bench/training.json"))
    parser.add_argument("--peer", type=Path, default=Path("build/bench/torch"), help="environment of the peer")
    arguments = parser.parse_args()
    peer = peer_python(arguments.peer)
    head = {"cpu": cpu_name(), "measured_gflops_one_thread": measured_peak()}
    print(f"{head['cpu']}, {head['measured_gflops_one_thread']:.0f} GFLOP/s measured on one thread")
    print(f"{'ResNet-18, 32x32, batch 64':28}{'keima':>10}{'torch':>10}{'ratio':>8}  (spread), images/s")
    rows = [compare(peer, threads, arguments.rounds) for threads in (1, 2)]
    for row in rows:
        label = f"{row['threads']:.0f} thread(s)"
        ours, theirs = row["keima_images_a_second"], row["torch_images_a_second"]
        print(
            f"{label:28}{ours:10.0f}{theirs:10.0f}{row['ratio']:8.2f}  ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
        )
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps({**head, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
