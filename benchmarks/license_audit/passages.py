# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Proves the filter for passages: a text without the stretches that it leaves out says the same as the whole text.

`python -m benchmarks.license_audit.passages --cases SCANCODE_SOURCE --tree TREE --python SCANCODE_PYTHON` lets ScanCode
read every text that the filter shortens, both ways: among ScanCode's data-driven cases and in a tree. Each difference
is printed; exit code 1 if a licence is lost.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from keima_audit.detect import scancode
from keima_audit.detect.contents import read_content, reader_of
from keima_audit.detect.prefilter import worth_reading
from keima_audit.detect.scan import Scan
from keima_audit.inventory import list_tree
from keima_audit.tree import Reading, detector_id

from .alone import Journal, key_of
from .differences import said_by_us
from .prefilter import positives


def shortened(files: list[Path]) -> Iterator[tuple[Path, bytes, str, bool]]:
    """The files whose texts the filter shortens, with the text and whether it is a Python module."""
    for path in files:
        data = path.read_bytes()
        content = read_content(data, reader_of(path.name))
        if content.text is not None and worth_reading(content.text) != content.text:
            yield path, data, content.text, content.python


class BothWays:
    """One ScanCode that reads passages, one that reads whole texts; what either said before is in the journal."""

    def __init__(self, python: str, journal: Journal) -> None:
        self._python, self._journal, self._who = python, journal, detector_id(Reading(python=python))
        self._workers: dict[bool, scancode.ScanCode] = {}

    def scan(self, path: Path, data: bytes, text: str, python: bool, *, passages: bool) -> Scan:
        """The scan of one text."""
        key = key_of(path, data, f"{self._who} {'passages' if passages else 'whole'}")
        if self._journal.get(key) is None:
            if passages not in self._workers:
                self._workers[passages] = scancode.ScanCode(self._python, 3600, prefilter=passages)
            self._journal.put(key, self._workers[passages].scan(text, python=python).to_json())
        return Scan.from_json(self._journal.get(key))

    def close(self) -> None:
        """End them."""
        for worker in self._workers.values():
            worker.close()


def compare(name: str, files: list[Path], both: BothWays) -> int:
    """Print the differences and how many licences were lost."""
    number = lost = more = 0
    for path, data, text, python in shortened(files):
        number += 1
        cut, whole = (said_by_us(both.scan(path, data, text, python, passages=passages)) for passages in (True, False))
        lost += bool(whole - cut)
        more += bool(cut - whole)
        if cut != whole:
            print(f"  {path}: passages {sorted(cut)}, whole {sorted(whole)}", flush=True)
        if number % 50 == 0:
            print(f"{number} texts", file=sys.stderr, flush=True)
    print(f"{name}: {len(files)} files, {number} shortened: {lost} lose a licence, {more} name one more", flush=True)
    return lost


def main() -> int:
    """Compare both collections."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path, help="a checkout of scancode-toolkit")
    parser.add_argument("--tree", type=Path, help="any tree")
    parser.add_argument("--python", default=sys.executable, help="the Python that has ScanCode")
    parser.add_argument("--journal", type=Path, help="where answers are written down, so that a run can be continued")
    arguments = parser.parse_args()
    both = BothWays(arguments.python, Journal(arguments.journal))
    lost = 0
    try:
        if arguments.cases:
            lost += compare("cases", [path for path, _ in positives(arguments.cases)], both)
        if arguments.tree:
            entries = [arguments.tree / e.path for e in list_tree(arguments.tree) if e.kind == "file"]
            lost += compare("tree", entries, both)
    finally:
        both.close()
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
