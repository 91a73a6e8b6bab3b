# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Half of the memory that a step needs: the same bits, and how much longer it takes.

The time is the process's CPU seconds on one thread, which other work on the machine disturbs less than the clock.
"""

from __future__ import annotations

import statistics
import sys

from benchmarks.peers import argument_parser, machine, write_figures
from benchmarks.training.cases import ALL_CASES
from benchmarks.training.process import run_worker


def main() -> None:
    parser = argument_parser(__doc__, "rematerialization", rounds=3)
    parser.add_argument("--case", default="deep-128", choices=sorted(ALL_CASES))
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    head = machine()
    ratios, rows = [], []
    for _ in range(arguments.rounds):
        free = run_worker(sys.executable, "keima", arguments.case, 1, arguments.steps)
        limit = free["allocated"] // 2
        bound = run_worker(sys.executable, "keima", arguments.case, 1, arguments.steps, limit)
        if free["losses"] != bound["losses"] or free["state"] != bound["state"]:
            raise SystemExit(f"{arguments.case}: losses or state differ: {free} and {bound}")
        if bound["reserved"] > limit:
            raise SystemExit(f"{arguments.case}: {bound['reserved']} bytes were reserved, the limit was {limit}")
        ratios.append(bound["cpu"] / free["cpu"])
        rows.append({"free": free, "limited": bound, "limit": limit})
        print(
            f"{arguments.case}: needs {free['allocated'] / 1e6:.0f} MB, got {limit / 1e6:.0f}; resident"
            f" {free['rss'] / 1e6:.0f} and {bound['rss'] / 1e6:.0f} MB; {bound['recomputed']} ops run again;"
            f" CPU time {ratios[-1]:.2f}; losses, parameters and statistics equal"
        )
    print(f"time ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
    write_figures(arguments.output, {**head, "case": arguments.case, "ratios": ratios, "rows": rows})


if __name__ == "__main__":
    main()
