# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""ScanCode by itself on a whole tree, in an order drawn at random: its expressions, and what they cost the processor.

`python -m benchmarks.license_audit.alone TREE --python SCANCODE_PYTHON --journal FILE` writes each answer down as it
comes. A run that was ended goes on where it was, and until the last file the mean of those so far estimates the rest.
The other comparisons read the same journal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keima_audit.inventory import list_tree

_WORKER = Path(__file__).with_name("scancode_alone.py")
SEED = 20261126


class Journal:
    """Answers by key, one line of JSON each, appended as they come; a last line that was cut short is not read."""

    def __init__(self, path: Path | None) -> None:
        self._answers: dict[str, Any] = {}
        self._file = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.read_bytes().rpartition(b"\n")[0] if path.is_file() else b""
        for line in whole.splitlines():
            key, answer = json.loads(line)
            self._answers[key] = answer
        path.write_bytes(whole + b"\n" if whole else b"")
        self._file = path.open("a")

    def get(self, key: str) -> Any:
        """The answer to a key, or None."""
        return self._answers.get(key)

    def put(self, key: str, answer: Any) -> None:
        """Write an answer down."""
        self._answers[key] = answer
        if self._file is not None:
            self._file.write(json.dumps([key, answer]) + "\n")
            self._file.flush()


def key_of(path: Path, data: bytes, who: str) -> str:
    """What an answer depends on: who gave it, the content, and the file's name, which decides how it is read."""
    return f"{who} {hashlib.sha256(data).hexdigest()} {path.name}"


class Alone:
    """ScanCode, started when it is first asked something that the journal does not know."""

    def __init__(self, python: str | Path, journal: Journal) -> None:
        self._command = [str(python), str(_WORKER)]
        self._process: subprocess.Popen[str] | None = None
        self._journal = journal

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            self._journal.put("scancode", self._answer(self._process))
        return self._process

    @staticmethod
    def _answer(process: subprocess.Popen[str]) -> Any:
        assert process.stdout, "started with a pipe"
        line = process.stdout.readline()
        if not line:
            raise SystemExit("ScanCode ended: is this the Python of an environment that has it?")
        return json.loads(line)

    @property
    def about(self) -> dict[str, Any]:
        """Its version, and the seconds of the processor that its index took to load."""
        if self._journal.get("scancode") is None:
            self._started()
        return dict(self._journal.get("scancode"))

    def scan(self, path: Path, data: bytes) -> dict[str, Any]:
        """What it says about a file, and the seconds of the processor that this took."""
        key = key_of(path, data, "scancode")
        if self._journal.get(key) is None:
            process = self._started()
            assert process.stdin, "started with a pipe"
            process.stdin.write(json.dumps(str(path)) + "\n")
            process.stdin.flush()
            self._journal.put(key, self._answer(process))
        return dict(self._journal.get(key))

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Tally:
    """What a tree cost: seconds of the processor, those of the index among them, and how sure that is."""

    files: int
    scanned: int
    index: float
    seconds: float
    error: float
    """The standard error of `seconds`; 0 when every file was scanned."""

    def __str__(self) -> str:
        sure = "" if self.scanned == self.files else f" (estimated from {self.scanned}, +- {self.error:.0f})"
        return f"ScanCode alone: {self.seconds:.0f} s of processor, index {self.index:.1f} s, {self.files} files{sure}"


def drawn(tree: Path, seed: int = SEED) -> list[Path]:
    """All files of a tree in a random order, so that any beginning is a sample."""
    files = [tree / entry.path for entry in list_tree(tree) if entry.kind == "file"]
    random.Random(seed).shuffle(files)
    return files


def tally(tree: Path, alone: Alone, journal: Journal, seed: int = SEED) -> Tally:
    """What the journal knows of a tree, in the order in which it was drawn."""
    files = drawn(tree, seed)
    taken = []
    for path in files:
        answer = journal.get(key_of(path, path.read_bytes(), "scancode"))
        if answer is None:
            break
        taken.append(float(answer["seconds"]))
    index, left = float(alone.about["seconds"]), len(files) - len(taken)
    mean = statistics.fmean(taken) if taken else 0.0
    spread = statistics.stdev(taken) if len(taken) > 1 else 0.0
    error = len(files) * spread / math.sqrt(len(taken)) * math.sqrt(left / len(files)) if left and taken else 0.0
    return Tally(len(files), len(taken), index, index + sum(taken) + left * mean, error)


def main() -> int:
    """Scan until the end or until the time is over, and print the sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--python", required=True, help="the Python that has ScanCode")
    parser.add_argument("--journal", type=Path, required=True, help="where answers are written down")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    journal = Journal(arguments.journal)
    alone = Alone(arguments.python, journal)
    try:
        for number, path in enumerate(drawn(arguments.tree, arguments.seed), start=1):
            alone.scan(path, path.read_bytes())
            if number % 200 == 0:
                print(f"{number} files", file=sys.stderr, flush=True)
            if time.monotonic() > until:
                break
        print(tally(arguments.tree, alone, journal, arguments.seed))
    finally:
        alone.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
