# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the worker for each framework in alternation and reports ratios with their spread."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from peers import cpu_name, measured_peak, peer_python

HERE = Path(__file__).parent


def run_worker(python: Path, framework: str) -> dict[str, float]:
    done = subprocess.run([python, HERE / "worker.py", framework], capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def summarize(pairs: list[tuple[dict[str, float], dict[str, float]]]) -> dict[str, dict[str, float]]:
    """For each figure: both medians, and the median and extremes of the paired ratios keima / torch."""
    table = {}
    for name in pairs[0][0]:
        ours, theirs = [p[0][name] for p in pairs], [p[1][name] for p in pairs]
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        table[name] = {
            "keima": statistics.median(ours),
            "torch": statistics.median(theirs),
            "ratio": statistics.median(ratios),
            "ratio_min": min(ratios),
            "ratio_max": max(ratios),
        }
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of fresh processes (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("build/bench/eager.json"))
    parser.add_argument("--peer", type=Path, default=Path("build/bench/torch"), help="environment of the peer")
    arguments = parser.parse_args()
    peer = peer_python(arguments.peer)
    head = {"cpu": cpu_name(), "measured_gflops_one_thread": measured_peak(), "python": platform.python_version()}
    print(f"{head['cpu']}, {head['measured_gflops_one_thread']:.0f} GFLOP/s measured on one thread")
    pairs = []
    for round_number in range(arguments.rounds):
        pairs.append((run_worker(Path(sys.executable), "keima"), run_worker(peer, "torch")))
        print(f"round {round_number + 1}/{arguments.rounds}", file=sys.stderr)
    table = summarize(pairs)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps({**head, "figures": table}, indent=2) + "\n")
    print(f"{'':22}{'keima':>12}{'torch':>12}{'ratio':>8}  (spread)")
    for name, row in table.items():
        scale, unit = (1 / 2**20, "MB") if name == "rss" else (1e6, "us")
        ours, theirs = f"{row['keima'] * scale:.2f} {unit}", f"{row['torch'] * scale:.2f} {unit}"
        print(f"{name:22}{ours:>12}{theirs:>12}{row['ratio']:8.2f}  ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})")


if __name__ == "__main__":
    main()
