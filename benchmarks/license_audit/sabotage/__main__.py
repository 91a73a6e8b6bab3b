# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.license_audit.sabotage TREE`: every kind of violation and of innocent change, at random."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from .trial import INNOCENT, VIOLATIONS, trials


def main() -> int:
    """Print a line for each kind; exit code 1 if a violation slipped through or an innocent change was accused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path, help="any folder or git working tree; it is copied, never changed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1, help="draws of each kind (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="the outcomes as JSON")
    arguments = parser.parse_args()
    begun = time.monotonic()
    drawn: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        for outcome in trials(arguments.tree, Path(folder), arguments.seed, arguments.rounds):
            drawn[outcome.kind] += 1
            if outcome.wrong:
                wrong.append(outcome)
                print(f"WRONG {outcome.kind} #{outcome.number}: {outcome.wrong[:600]}", flush=True)
    failed = Counter(outcome.kind for outcome in wrong)
    for title, kinds in (("violations caught", VIOLATIONS), ("innocent changes passed", INNOCENT)):
        print(f"\n{title} ({len(kinds)} kinds)")
        for kind in kinds:
            print(f"  {kind:44} {drawn[kind] - failed[kind]} of {drawn[kind]}")
    print(f"\nseed {arguments.seed}: {len(wrong)} wrong of {drawn.total()}, {time.monotonic() - begun:.0f} s")
    if arguments.output:
        figures = {"seed": arguments.seed, "drawn": drawn, "wrong": [vars(outcome) for outcome in wrong]}
        arguments.output.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
