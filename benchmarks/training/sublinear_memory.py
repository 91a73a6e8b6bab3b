# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Traced training steps of which backward computes values again: the plan's memory, the same bits, and the time.

Each net runs as it is, kept to three quarters and to half of its arena, and with the least. The time is the process's
CPU seconds on one thread, which other work on the machine disturbs less than the clock.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from benchmarks.peers import argument_parser, machine, write_figures
from benchmarks.training.cases import ALL_CASES
from benchmarks.training.process import run_worker

MIB = 1 << 20
SHARES = {"3/4": 0.75, "1/2": 0.5, "least": 0.0}


def measure(case: str, steps: int, limit: int) -> dict[str, Any]:
    return run_worker(sys.executable, "keima-traced", case, 1, steps, limit)


def compare(case: str, rounds: int, steps: int) -> dict[str, Any]:
    """Figures of each share of memory and of the whole, in alternation; losses and state must be equal."""
    runs: dict[str, list[dict[str, Any]]] = {"whole": [], **{name: [] for name in SHARES}}
    for _ in range(rounds):
        whole = measure(case, steps, 0)
        runs["whole"].append(whole)
        for name, share in SHARES.items():
            run = measure(case, steps, max(1, int(whole["arena"] * share) // MIB))
            if run["losses"] != whole["losses"] or run["state"] != whole["state"]:
                raise SystemExit(f"{case}, {name}: losses or state differ: {run} and {whole}")
            runs[name].append({**run, "ratio": run["cpu"] / whole["cpu"]})
    return runs


def row(case: str, name: str, runs: list[dict[str, Any]]) -> str:
    ratios = [run.get("ratio", 1.0) for run in runs]
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    rss = statistics.median(run["rss"] for run in runs) / MIB
    plan = runs[0]
    arena = f"{plan['arena'] / MIB:10.1f}{plan['arena'] / plan['bound']:8.3f}{plan['steps']:7}"
    return f"{case:14}{name:6}{arena}{rss:9.0f}  {spread}"


def main() -> None:
    parser = argument_parser(__doc__, "sublinear-memory", rounds=3)
    parser.add_argument("--case", action="append", choices=sorted(ALL_CASES), help="only this net (may be repeated)")
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()
    head = machine()
    figures = {}
    print(f"{'net':14}{'kept':6}{'arena MiB':>10}{'/ bound':>8}{'steps':>7}{'RSS MiB':>9}  CPU time (spread)")
    for case in arguments.case or ALL_CASES:
        figures[case] = compare(case, arguments.rounds, arguments.steps)
        for name, runs in figures[case].items():
            print(row(case, name, runs), flush=True)
        write_figures(arguments.output, {**head, "figures": figures})


if __name__ == "__main__":
    main()
