# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Compares our expressions with those of ScanCode itself, file by file, and explains each difference.

`python -m benchmarks.license_audit.against_scancode --tree MEGENGINE --cases SCANCODE_SOURCE` draws files of a tree,
half of them below the prefilter, and data-driven cases of ScanCode. ScanCode is given the files as they lie on the
disk; ours go the whole way of an audit. Exit code 1 if a difference has no explanation.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keima_audit.detect import scancode
from keima_audit.detect.contents import merged, read_content, reader_of
from keima_audit.detect.prefilter import may_hold_license
from keima_audit.detect.scan import Scan
from keima_audit.expressions import Combined, Node, parse
from keima_audit.inventory import list_tree
from keima_audit.licenses import nodes_of, unify
from keima_audit.tree import Reading, detector_id

from .alone import Alone, Journal, key_of
from .prefilter import positives

_VAGUE = ("unknown-license-reference", "free-unknown", "unknown-spdx", "scancode-unknown", "proprietary-license")


@dataclass(frozen=True)
class Difference:
    """One file on which the two disagree. `why` is "" when nothing explains it."""

    path: str
    ours: str
    theirs: str
    why: str


@contextmanager
def both(python: str, journal: Journal) -> Iterator[tuple[Alone, Ours]]:
    """ScanCode alone, and ours with it; neither is started before it is needed."""
    alone, mine = Alone(python, journal), Ours(python, journal)
    try:
        yield alone, mine
    finally:
        alone.close()
        mine.close()


class Ours:
    """The scan that an audit would make of a file, from the journal where this version of the code made it before."""

    def __init__(self, python: str, journal: Journal) -> None:
        self._python, self._journal = python, journal
        self._who = detector_id(Reading(python=python))
        self._worker: scancode.ScanCode | None = None

    def scan(self, path: Path, data: bytes) -> Scan:
        """The scan of one file."""
        key = key_of(path, data, self._who)
        if self._journal.get(key) is None:
            if self._worker is None:
                self._worker = scancode.ScanCode(self._python, 3600)
            self._journal.put(key, ours(data, path.name, self._worker).to_json())
        return Scan.from_json(self._journal.get(key))

    def close(self) -> None:
        """End its worker."""
        if self._worker is not None:
            self._worker.close()


def ours(data: bytes, name: str, worker: scancode.ScanCode) -> Scan:
    """The scan that an audit would make of a content."""
    content = read_content(data, reader_of(name))
    if content.text is None:
        return content.scan
    return merged(content.scan, worker.scan(content.text, python=content.python))


def parts(node: Node | None) -> frozenset[str]:
    """The licences that hold together, each as text: an expression's parts joined by AND."""
    if node is None:
        return frozenset()
    if isinstance(node, Combined) and node.operator == "AND":
        return frozenset().union(*(parts(part) for part in node.parts))
    if isinstance(node, Combined):
        return frozenset({" OR ".join(sorted(str(part) for part in node.parts))})
    return frozenset({str(node)})


def said_by_us(scan: Scan) -> frozenset[str]:
    """Our expression's parts, with snippets, whose lines ScanCode does not tell from the rest of the file."""
    raws = tuple(match.raw for match in scan.matches if match.origin in ("tag", "notice", "text", "snippet"))
    return frozenset().union(*(parts(node) for node in nodes_of(raws)), frozenset())


def said_by_scancode(answer: dict[str, Any]) -> frozenset[str]:
    """ScanCode's expression's parts, in our spelling of them."""
    node = parse(answer["expression"]).node if answer["expression"] else None
    return parts(unify(node)) if node is not None else frozenset()


def explain(path: Path, scan: Scan, mine: frozenset[str], answer: dict[str, Any]) -> str:
    """Why the two differ; "" for nothing that we know of."""
    theirs = said_by_scancode(answer)
    extra, lacking = mine - theirs, theirs - mine
    origins = {match.origin for match in scan.matches}
    if scan.kind in ("binary", "weights", "archive"):
        return "a binary: ScanCode reads the strings in it, we ask for a declaration"
    if not extra and all(any(vague in part for vague in _VAGUE) for part in lacking):
        return "ScanCode adds that something is unknown; we drop that beside a licence, and call it needs-review alone"
    if not extra and lacking <= _weak(answer):
        return "ScanCode counts single words that score below 60"
    if "quoted" in origins and not extra:
        return "a statement inside a string constant"
    if extra and {match.rule for match in scan.matches if match.raw in extra} <= {"spdx-tag", "metadata"}:
        return "a tag that we read and ScanCode does not, or reads otherwise"
    if not extra and path.suffix == ".ipynb":
        return "the output of a notebook's cell is data"
    return ""


def _weak(answer: dict[str, Any]) -> frozenset[str]:
    strong = [m for m in answer["matches"] if m[1] >= 60]
    weak = [m for m in answer["matches"] if m[1] < 60]
    named = lambda matches: frozenset().union(*(parts(n) for n in nodes_of(tuple(m[0] for m in matches))), frozenset())  # noqa: E731
    return named(weak) - named(strong)


def draw_tree(tree: Path, number: int, rng: random.Random) -> list[Path]:
    """Distinct files of a tree, half of them such as the prefilter does not let through."""
    files = [tree / entry.path for entry in list_tree(tree) if entry.kind == "file" and entry.size]
    rng.shuffle(files)
    kept: dict[bool, list[Path]] = {True: [], False: []}
    for file in files:
        side = kept[may_hold_license(file.read_bytes())]
        if len(side) < number // 2:
            side.append(file)
    return [file for pair in zip(kept[True], kept[False], strict=False) for file in pair]


def compare(
    files: list[Path], base: Path, python: str, journal: Journal, minutes: float
) -> tuple[str, int, list[Difference]]:
    """ScanCode's version, how many files were compared until the time was over, and the differences."""
    differences = []
    until = time.monotonic() + 60 * minutes
    done = 0
    with both(python, journal) as (alone, mine_of):
        for done, path in enumerate(files, start=1):
            data = path.read_bytes()
            answer, scan = alone.scan(path, data), mine_of.scan(path, data)
            mine, theirs = said_by_us(scan), said_by_scancode(answer)
            if mine != theirs:
                why = explain(path, scan, mine, answer)
                where = path.relative_to(base).as_posix()
                found = Difference(where, " AND ".join(sorted(mine)), " AND ".join(sorted(theirs)), why)
                differences.append(found)
                said = f"ours {found.ours or 'nothing'}; ScanCode {found.theirs or 'nothing'}"
                print(f"  {where}: {said}; {why or 'UNEXPLAINED'}", flush=True)
            if done % 100 == 0:
                print(f"{done} of {len(files)}", file=sys.stderr, flush=True)
            if time.monotonic() > until:
                break
        return str(alone.about["version"]), done, differences


def main() -> int:
    """Compare, print the differences and their reasons, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, help="a tree to draw files from")
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--cases", type=Path, help="a checkout of scancode-toolkit")
    parser.add_argument("--number", type=int, default=1000, help="data-driven cases to draw")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--python", default=sys.executable, help="the Python that has ScanCode")
    parser.add_argument("--journal", type=Path, help="where answers are written down, so that a run can be continued")
    parser.add_argument("--output", type=Path, help="the figures as JSON")
    parser.add_argument("--minutes", type=float, default=600, help="stop each comparison after so long")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    journal = Journal(arguments.journal)
    figures: dict[str, Any] = {"seed": arguments.seed}
    if arguments.tree:
        files = draw_tree(arguments.tree, arguments.files, rng)
        figures["tree"] = _report("tree", files, arguments.tree, journal, arguments)
    if arguments.cases:
        cases = [path for path, _ in positives(arguments.cases)]
        files = rng.sample(cases, min(arguments.number, len(cases)))
        figures["cases"] = _report("cases", files, arguments.cases, journal, arguments)
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if any(figure["unexplained"] for key, figure in figures.items() if key != "seed") else 0


def _report(
    name: str, files: list[Path], base: Path, journal: Journal, arguments: argparse.Namespace
) -> dict[str, Any]:
    version, done, differences = compare(files, base, arguments.python, journal, arguments.minutes)
    same = done - len(differences)
    reasons = Counter(difference.why or "UNEXPLAINED" for difference in differences)
    print(f"{name}: ScanCode {version}, {done} of {len(files)} files, {same} identical, {len(differences)} different")
    for reason, count in reasons.most_common():
        print(f"  {count:4} {reason}")
    return {
        "scancode": version,
        "drawn": len(files),
        "compared": done,
        "identical": same,
        "unexplained": reasons["UNEXPLAINED"],
        "differences": [vars(difference) for difference in differences],
    }


if __name__ == "__main__":
    raise SystemExit(main())
