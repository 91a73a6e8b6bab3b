# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Prints which lines of the graph loader a run has reached: coverage.py BUILD [--json], by `make fuzz-coverage`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
# What happens to a file between its bytes and its first run, in that order.
GROUPS = {
    "container, JSON, graph, checks": ("byte_source.cc", "tensor_file.cc", "json.cc", "graph_file.cc", "ir.cc"),
    "passes, plan, limits, packing": (
        "model.cc", "passes.cc", "rewrite.cc", "fold_affine.cc", "fold_constants.cc", "fuse_attention.cc",
        "fuse_epilogue.cc", "fuse_inverted_residual.cc", "shuffle_channels.cc", "cost.cc", "batch.cc",
        "program_builder.cc", "program_memory.cc", "memory.cc", "program_constants.cc", "program.cc",
        "program_batch.cc", "advance_updates.cc",
    ),
}  # fmt: skip


class CoverageError(Exception):
    """The build holds no counters of the loader."""


@dataclass
class FileCoverage:
    """How often each line of a file that holds code was executed."""

    counts: dict[int, int] = field(default_factory=dict)

    def add(self, line: int, count: int) -> None:
        # A line may stand in several instances of a template.
        self.counts[line] = self.counts.get(line, 0) + count

    @property
    def reached(self) -> int:
        return sum(count > 0 for count in self.counts.values())

    @property
    def missed(self) -> list[int]:
        return sorted(line for line, count in self.counts.items() if count == 0)


def read_gcov(documents: Iterable[dict[str, Any]], sources: Path) -> dict[str, FileCoverage]:
    """Coverage by file name, of the files directly in `sources`, from gcov's JSON documents (one an object file)."""
    result: dict[str, FileCoverage] = {}
    for document in documents:
        for entry in document["files"]:
            path = Path(document["current_working_directory"], entry["file"]).resolve()
            if path.parent != sources:
                continue
            coverage = result.setdefault(path.name, FileCoverage())
            text = path.read_text().splitlines()
            for line in entry["lines"]:
                # A brace alone is where an exception destroys what a block made.
                if any(character.isalnum() for character in text[line["line_number"] - 1]):
                    coverage.add(line["line_number"], line["count"])
    return result


def run_gcov(build: Path) -> list[dict[str, Any]]:
    """gcov's JSON documents for all object files of the build that ran."""
    counters = sorted(str(path.resolve()) for path in build.rglob("*.gcda"))
    if not counters:
        raise CoverageError(f"{build}: expected *.gcda files; build with -DKEIMA_COVERAGE=ON and run a program first")
    # In the build folder: gcov finds sources by the compiler's working directory.
    run = subprocess.run(["gcov", "--json-format", "--stdout", *counters], cwd=build, check=True, capture_output=True)
    return [json.loads(line) for line in run.stdout.splitlines() if line]


def ranges(lines: Iterable[int]) -> str:
    """`[1, 2, 3, 7]` as `1-3, 7`."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in parts)


def table(coverage: dict[str, FileCoverage]) -> str:
    """Markdown: files by group, lines reached of those with code, and which were not."""
    rows = ["| file | lines reached | share | not reached |", "|---|---|---|---|"]
    for group, names in GROUPS.items():
        files = {name: coverage.get(name, FileCoverage()) for name in names}
        for name, file in files.items():
            share = f"{file.reached / len(file.counts):.1%}" if file.counts else "no code was built"
            rows.append(f"| `{name}` | {file.reached} of {len(file.counts)} | {share} | {ranges(file.missed)} |")
        reached, lines = sum(f.reached for f in files.values()), sum(len(f.counts) for f in files.values())
        rows.append(f"| **{group}** | **{reached} of {lines}** | **{reached / max(lines, 1):.1%}** | |")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--json", action="store_true", help="counts and missed lines of every file")
    arguments = parser.parse_args()
    try:
        coverage = read_gcov(run_gcov(arguments.build), ROOT / "framework/native/compiler")
    except CoverageError as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    if arguments.json:
        report = {n: {"lines": len(f.counts), "reached": f.reached, "missed": f.missed} for n, f in coverage.items()}
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        sys.stdout.write(table(coverage) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
