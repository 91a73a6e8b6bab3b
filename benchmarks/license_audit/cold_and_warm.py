# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Times an audit of a tree: cold, warm and with one file changed, beside ScanCode alone on the same files.

`python -m benchmarks.license_audit.cold_and_warm TREE --python SCANCODE_PYTHON --journal FILE`, after
`benchmarks.license_audit.alone` with the same journal. Seconds of the processor stand beside those of the clock: on a
machine with other work, only the former can be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers import cpu_name
from keima_audit.inventory import list_tree

from .alone import Alone, Journal, tally

POLICY = '[project]\nlicense = "Apache-2.0"\ndetector = "scancode"\n[use.source]\nallow = ["Apache-2.0"]\n'


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of the clock and of the processor, and the largest process in MiB."""

    clock: float
    processor: float
    peak: float


def cost(command: list[str | Path], environment: dict[str, str]) -> Cost:
    """Run a command; findings (exit code 1) are no failure."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > 1:
        raise SystemExit(done.stderr.decode())
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - begun, used, after.ru_maxrss / 1024)


def audits(tree: Path, python: Path, folder: Path) -> dict[str, Cost]:
    """The audit of a copy of the tree: cold, warm (the median of five), and with one source file changed."""
    copy = folder / "tree"
    shutil.copytree(tree, copy, symlinks=True)
    (folder / "audit.toml").write_text(POLICY)
    environment = {**os.environ, "KEIMA_SCANCODE_PYTHON": str(python)}
    options: list[str | Path] = ["-C", copy, "--policy", folder / "audit.toml", "--cache", folder / "cache"]
    command = [
        Path(sys.executable).with_name("keima"),
        "audit",
        *options,
        "--format",
        "json",
        "-o",
        folder / "out.json",
    ]
    cold = cost(command, environment)
    warm = sorted((cost(command, environment) for _ in range(5)), key=lambda taken: taken.processor)[2]
    changed = next(
        copy / e.path for e in list_tree(copy) if e.kind == "file" and e.path.endswith((".cpp", ".py", ".c"))
    )
    changed.write_text(changed.read_text(encoding="utf-8") + "\n// licensed under the MIT license\n", encoding="utf-8")
    return {"cold": cold, "warm": warm, "one file changed": cost(command, environment)}


def index_load(python: Path) -> float:
    """Seconds of the processor until ScanCode's index is loaded, the median of three."""
    code = "from licensedcode.cache import get_index; get_index()"
    return statistics.median(cost([python, "-c", code], dict(os.environ)).processor for _ in range(3))


def main() -> None:
    """Measure, print the table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--python", type=Path, required=True, help="the Python that has ScanCode")
    parser.add_argument("--journal", type=Path, required=True, help="what `alone` wrote down about the same tree")
    parser.add_argument("--output", type=Path, help="the figures as JSON")
    arguments = parser.parse_args()
    journal = Journal(arguments.journal)
    alone = tally(arguments.tree, Alone(arguments.python, journal), journal)
    with tempfile.TemporaryDirectory() as folder:
        ours = audits(arguments.tree, arguments.python, Path(folder))
    index = index_load(arguments.python)
    print(f"{cpu_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {alone.files} files")
    for name, taken in ours.items():
        print(f"{name:18} {taken.processor:8.1f} s of processor, {taken.clock:8.1f} s of clock, {taken.peak:6.0f} MiB")
    print(f"ScanCode's index   {index:8.1f} s of processor")
    print(alone)
    print(f"cold: {alone.seconds / ours['cold'].processor:.1f} times less processor time than ScanCode alone")
    if arguments.output:
        figures = {name: asdict(taken) for name, taken in ours.items()}
        figures |= {"scancode alone": asdict(alone), "scancode's index": index}
        arguments.output.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
