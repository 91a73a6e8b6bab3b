# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the worker for each framework in alternation and reports ratios with their spread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import machine, paired, parse_arguments, peer_python, with_bytecode, write_figures

WORKER = Path(__file__).with_name("worker.py")


def run_worker(python: Path, framework: str) -> dict[str, float]:
    done = subprocess.run([python, WORKER, framework], capture_output=True, text=True, check=True, env=with_bytecode())
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    arguments = parse_arguments(__doc__, "eager", rounds=7)
    peer = peer_python(arguments.peer)
    head = machine()
    ours, theirs = [], []
    run_worker(Path(sys.executable), "keima")  # leaves the bytecode and warms the disk cache, for both sides
    run_worker(peer, "torch")
    for number in range(arguments.rounds):
        ours.append(run_worker(Path(sys.executable), "keima"))
        theirs.append(run_worker(peer, "torch"))
        print(f"round {number + 1}/{arguments.rounds}", file=sys.stderr)
    table = {name: paired([run[name] for run in ours], [run[name] for run in theirs]) for name in ours[0]}
    write_figures(arguments.output, {**head, "figures": table})
    print(f"{'':22}{'keima':>12}{'torch':>12}{'ratio':>8}  (spread)")
    for name, row in table.items():
        scale, unit = (1 / 2**20, "MB") if name == "rss" else (1e6, "us")
        mine, other = f"{row['keima'] * scale:.2f} {unit}", f"{row['torch'] * scale:.2f} {unit}"
        print(f"{name:22}{mine:>12}{other:>12}{row['ratio']:8.2f}  ({row['ratio_min']:.2f}-{row['ratio_max']:.2f})")


if __name__ == "__main__":
    main()
