# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the worker for each framework in alternation and reports the ratio of speeds and of memory with its spread."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import argument_parser, machine, paired, peer_python, write_figures
from benchmarks.training.cases import CASES
from benchmarks.training.process import run_worker

STEPS = {"resnet18-32": 12, "resnet18-224": 4, "resnet50-224": 3, "vit-s16-224": 3}


def compare(peer: Path, case: str, threads: int, rounds: int) -> dict[str, Any]:
    """Images a second of both in paired runs, and their memory; the first losses must agree."""
    ours, theirs, memory = [], [], []
    for _ in range(rounds):
        own = run_worker(sys.executable, "keima", case, threads, STEPS[case])
        other = run_worker(peer, "torch", case, threads, STEPS[case])
        if abs(own["losses"][0] - other["losses"][0]) > 1e-3 or abs(own["losses"][1] - other["losses"][1]) > 2e-2:
            raise SystemExit(f"{case}: the losses differ: {own['losses']} and {other['losses']}")
        ours.append(CASES[case].batch / own["seconds"])
        theirs.append(CASES[case].batch / other["seconds"])
        memory.append((own["rss"], other["rss"]))
    own_rss, their_rss = (statistics.median(column) for column in zip(*memory, strict=True))
    return {**paired(ours, theirs), "keima_rss": own_rss, "torch_rss": their_rss, "rss_ratio": own_rss / their_rss}


def main() -> None:
    parser = argument_parser(__doc__, "training", rounds=5)
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only this net (may be repeated)")
    parser.add_argument("--threads", action="append", type=int, help="only this number of threads (may be repeated)")
    arguments = parser.parse_args()
    peer = peer_python(arguments.peer)
    head = machine()
    rows = {}
    print(f"{'net, threads':20}{'keima':>9}{'torch':>9}{'ratio':>8}  {'(spread)':13}{'MB':>7}{'torch':>7}{'ratio':>7}")
    for case in arguments.case or CASES:
        for threads in arguments.threads or (1, 2):
            row = rows[f"{case}, {threads}"] = compare(peer, case, threads, arguments.rounds)
            spread = f"({row['ratio_min']:.2f}-{row['ratio_max']:.2f})"
            memory = f"{row['keima_rss'] / 1e6:7.0f}{row['torch_rss'] / 1e6:7.0f}{row['rss_ratio']:7.2f}"
            speeds = f"{row['keima']:9.1f}{row['torch']:9.1f}{row['ratio']:8.2f}"
            print(f"{case}, {threads}".ljust(20) + f"{speeds}  {spread:13}{memory}", flush=True)
            write_figures(arguments.output, {**head, "figures": rows})


if __name__ == "__main__":
    main()
