# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The report on lines that fuzzing reaches, on a small program that GCC instruments."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("fuzz") / "coverage.py"
PROGRAM = """\
#include <stdexcept>
template <class T> T half(T x) {
  if (x < 0) throw std::runtime_error("negative");
  return x / 2;
}
int main(int argc, char**) {
  try {
    if (argc > 1) half(1.0);
    half(-argc);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 1;
}
"""


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_coverage", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fuzz_coverage", module)
    spec.loader.exec_module(module)
    return module


def test_lines_are_counted_over_instances_and_runs_and_braces_are_none(report: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "program.cc").write_text(PROGRAM)
    subprocess.run(["g++", "--coverage", "-O0", "program.cc", "-o", "program"], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "program"], check=True)
    once = report.read_gcov(report.run_gcov(tmp_path), tmp_path.resolve())["program.cc"]
    assert once.counts == {2: 1, 3: 1, 4: 0, 6: 1, 8: 1, 9: 1, 10: 1, 11: 1, 13: 0}
    assert once.missed == [4, 13]
    subprocess.run([tmp_path / "program", "more"], check=True)
    assert report.read_gcov(report.run_gcov(tmp_path), tmp_path.resolve())["program.cc"].missed == [13]


def test_a_build_without_counters_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, check=False)
    assert ran.returncode == 3
    assert "KEIMA_COVERAGE=ON" in ran.stderr


def test_the_table_names_what_was_not_reached(report: ModuleType) -> None:
    counts = dict.fromkeys(range(1, 8), 1) | {3: 0, 4: 0, 6: 0}
    table = report.table({"json.cc": report.FileCoverage(counts)})
    assert "| `json.cc` | 4 of 7 | 57.1% | 3-4, 6 |" in table
    assert "| `model.cc` | 0 of 0 | no code was built |  |" in table


def test_every_source_of_the_loader_is_in_the_table_or_is_no_part_of_loading(report: ModuleType) -> None:
    # They record graphs, cut training steps, run graphs op by op, lower them for the executor, or measure algorithms.
    others = {
        *("recorder.cc", "interpret.cc", "executor_plan.cc", "tuning.cc"),
        *("checkpoint.cc", "forward_chain.cc", "recompute.cc"),
    }
    sources = {path.name for path in (report.ROOT / "framework/native/compiler").glob("*.cc")}
    assert {name for names in report.GROUPS.values() for name in names} == sources - others
