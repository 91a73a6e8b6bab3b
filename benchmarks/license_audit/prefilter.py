# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Proves the prefilter on ScanCode's data-driven cases: every file that holds a licence has to pass it.

`python -m benchmarks.license_audit.prefilter SCANCODE_SOURCE` prints each miss; exit code 1 if there is one.
SCANCODE_SOURCE is a checkout of scancode-toolkit, whose `tests/licensedcode/data/datadriven` says for each file
which licences it expects.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import yaml

from keima_audit.detect.decoding import decode
from keima_audit.detect.prefilter import may_hold_license

CASES = Path("tests/licensedcode/data/datadriven")


def positives(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """The files that hold licences, in order, with the expressions that ScanCode's authors expect."""
    for expectation in sorted((source / CASES).rglob("*.yml")):
        told = yaml.safe_load(expectation.read_text(encoding="utf-8")) or {}
        file = expectation.with_suffix("")
        if told.get("license_expressions") and file.is_file():
            yield file, [str(expression) for expression in told["license_expressions"]]


def main() -> int:
    """Print the misses and the count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a checkout of scancode-toolkit")
    source = parser.parse_args().source
    number = opaque = missed = 0
    for file, expected in positives(source):
        number += 1
        data = file.read_bytes()
        if not may_hold_license(data):
            missed += 1
            print(f"missed: {file.relative_to(source)}: {', '.join(expected)}")
        elif decode(data) is None:
            opaque += 1
    print(f"{number} positives, {missed} missed; {opaque} of those that pass are binaries, which need a declaration")
    return 1 if missed or not number else 0


if __name__ == "__main__":
    raise SystemExit(main())
