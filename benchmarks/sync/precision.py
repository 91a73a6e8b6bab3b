# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Lists the findings of a tree with a verdict each, and says how many are right.

`python -m benchmarks.sync.precision REPOSITORY@REVISION --verdicts FILE [--exclude PATH ...]` checks the tree alone, or
with `--exclude` the tree without some folders against the whole one. A finding of the second kind is right if
`oracle.py`, which shares no code with the checker, reads the same reference; all others need a verdict by hand, a line
of FILE: place, target, right or wrong, and why. FILE is written anew with all findings, those without a verdict marked
"?". The exit code is 1 for such, and for a precision below 0.9.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.sync.oracle import Edges, read_edges
from keima_cli.atomic import write_text
from keima_cli.findings import Finding, Severity
from keima_sync.references.check import compare, judge
from keima_sync.references.languages import Extractions
from keima_sync.references.tree import open_tree

GOAL = 0.9
HEAD = "# SPDX-FileCopyrightText: 2026 The Keima Authors\n# SPDX-License-Identifier: Apache-2.0\n"
Verdict = tuple[str, str]  # "right", "wrong" or "?", and why


def findings(place: str, excluded: list[str]) -> list[Finding]:
    """What the check reports, notes left out."""
    whole, extractions = open_tree(place), Extractions()
    if excluded:
        public = open_tree(place)
        for path in [path for path in public.files if path.startswith(tuple(part.encode() for part in excluded))]:
            public.remove(path)
        found: Iterator[Finding] = compare(whole, public, extractions)
    else:
        found = judge(whole, extractions)
    return [finding for finding in found if finding.severity >= Severity.WARNING]


def edges_of(place: str) -> Edges:
    """What the oracle reads in a commit's files."""
    repository, _, revision = place.rpartition("@")
    with tempfile.TemporaryDirectory() as name:
        command = ["git", "-C", repository, "archive", revision]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as made,
            tarfile.open(fileobj=made.stdout, mode="r|") as tar,
        ):
            tar.extractall(name, filter="data")
        return read_edges(Path(name))


def target_of(finding: Finding) -> str:
    """The path that was cut, or the text of the reference."""
    return finding.evidence[0].path if finding.evidence else dict(finding.properties).get("target", finding.message)


def read_verdicts(file: Path) -> dict[tuple[str, str], Verdict]:
    """Verdicts by place and target."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {(place, target): (verdict, why) for place, target, verdict, why in rows}


def judged(found: list[Finding], edges: Edges, known: dict[tuple[str, str], Verdict]) -> dict[tuple[str, str], Verdict]:
    """A verdict for each finding: the oracle's, else the one that is known, else none."""
    verdicts = {}
    for finding in found:
        key = (str(finding.spot), target_of(finding))
        kind = edges.kinds.get((finding.path, key[1]))
        verdicts[key] = ("right", f"the oracle reads this {kind} too") if kind else known.get(key, ("?", ""))
    return verdicts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", help="REPOSITORY@REVISION")
    parser.add_argument("--verdicts", type=Path, required=True)
    parser.add_argument("--exclude", nargs="*", default=[], metavar="PATH")
    arguments = parser.parse_args()
    edges = edges_of(arguments.tree) if arguments.exclude else Edges()
    found = findings(arguments.tree, arguments.exclude)
    verdicts = judged(found, edges, read_verdicts(arguments.verdicts))
    rows = ["\t".join((*key, *verdict)) for key, verdict in sorted(verdicts.items())]
    write_text(arguments.verdicts, HEAD + "\n".join(rows) + "\n")
    right, open_ = (sum(verdict == word for verdict, _ in verdicts.values()) for word in ("right", "?"))
    print(f"{len(verdicts)} findings, {right} right, {open_} without a verdict; precision {right / len(verdicts):.3f}")
    return 0 if not open_ and right >= GOAL * len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
