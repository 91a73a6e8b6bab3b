# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Compares our expressions with those of ScanCode itself, file by file, and explains each difference.

`python -m benchmarks.license_audit.against_scancode --tree MEGENGINE --cases SCANCODE_SOURCE` draws files of a tree,
half of them below the prefilter, and data-driven cases of ScanCode. ScanCode is given the files as they lie on the
disk; ours go the whole way of an audit. Exit code 1 if a difference has no explanation (`differences.py`).
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
from dataclasses import asdict
from pathlib import Path

from keima_audit.detect import scancode
from keima_audit.detect.contents import merged, read_content, reader_of
from keima_audit.detect.prefilter import may_hold_license
from keima_audit.detect.scan import Scan
from keima_audit.inventory import list_tree
from keima_audit.tree import Reading, detector_id

from .alone import Alone, Journal, key_of
from .differences import Comparison, Difference, explain, listed, said_by_scancode, said_by_us
from .prefilter import positives


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


def compare(name: str, files: list[Path], base: Path, python: str, journal: Journal, minutes: float) -> Comparison:
    """Compare until the time is over, printing each difference as it is found."""
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
        return Comparison(name, str(alone.about["version"]), len(files), done, tuple(differences))


def draws(arguments: argparse.Namespace) -> Iterator[tuple[str, list[Path], Path]]:
    """The collections that were asked for; each is drawn with the seed alone, so that they can be run apart."""
    if arguments.tree:
        yield "tree", draw_tree(arguments.tree, arguments.files, random.Random(arguments.seed)), arguments.tree
    if arguments.cases:
        cases = [path for path, _ in positives(arguments.cases)]
        number = min(arguments.number, len(cases))
        yield "cases", random.Random(arguments.seed).sample(cases, number), arguments.cases


def main() -> int:
    """Compare, print the differences and their reasons, write the figures and the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, help="a tree to draw files from")
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--cases", type=Path, help="a checkout of scancode-toolkit")
    parser.add_argument("--number", type=int, default=1000, help="data-driven cases to draw")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--python", default=sys.executable, help="the Python that has ScanCode")
    parser.add_argument("--journal", type=Path, help="where answers are written down, so that a run can be continued")
    parser.add_argument("--output", type=Path, help="the figures as JSON")
    parser.add_argument("--list", type=Path, help="the differences and their reasons as Markdown")
    parser.add_argument("--minutes", type=float, default=600, help="stop each comparison after so long")
    arguments = parser.parse_args()
    journal = Journal(arguments.journal)
    done = [
        compare(name, files, base, arguments.python, journal, arguments.minutes)
        for name, files, base in draws(arguments)
    ]
    for comparison in done:
        print(comparison)
        for reason, count in Counter(difference.why for difference in comparison.differences).most_common():
            print(f"  {count:4} {reason or 'UNEXPLAINED'}")
    if arguments.list:
        arguments.list.write_text(listed(arguments.seed, done))
    if arguments.output:
        arguments.output.write_text(
            json.dumps({"seed": arguments.seed, "runs": [asdict(one) for one in done]}, indent=1)
        )
    return 1 if any(not difference.why for comparison in done for difference in comparison.differences) else 0


if __name__ == "__main__":
    raise SystemExit(main())
