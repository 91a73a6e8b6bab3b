# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The `keima` program, run as users run it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
import typer
from typer.testing import CliRunner

from keima_cli import main
from keima_cli.errors import BrokenInputError


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "keima_cli", *args], capture_output=True, text=True, check=False)


def test_version_is_printed() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("keima")


def test_unknown_command_is_wrong_use_and_named() -> None:
    done = run("no-such-command")
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


def test_help_lists_commands_and_imports_none_of_them() -> None:
    script = (
        "import json, sys\n"
        "from keima_cli.main import app\n"
        "try: app(['--help'], prog_name='keima')\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    loaded = {name.split(".")[0] for name in json.loads(lines[-1])}
    assert not loaded & {"keima", "keima_audit", "keima_sync", "keima_zoo", "keima_release", "numpy"}
    for entry in entry_points(group=main.GROUP):
        assert main.SUMMARIES[entry.name] in done.stdout


@pytest.mark.parametrize("name", sorted({entry.name for entry in entry_points(group=main.GROUP)}))
def test_each_summary_is_the_first_sentence_of_the_commands_own_help(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert main.SUMMARIES[name] in " ".join(done.stdout.replace("│", " ").split())


def test_completion_offers_the_commands_own_options() -> None:
    environment = os.environ | {
        "_KEIMA_COMPLETE": "complete_bash",
        "COMP_WORDS": "keima --ver",
        "COMP_CWORD": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "keima_cli"], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stdout.split() == ["--version"]


def fake_commands(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    entries = [EntryPoint(name, value, main.GROUP) for name, value in values.items()]
    monkeypatch.setattr(main, "entry_points", lambda group: entries)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_commands(monkeypatch, train="no_such_package_here.cli:app [zoo]")
    result = CliRunner().invoke(main.app, ["train"])
    assert result.exit_code == 3
    assert "no_such_package_here" in result.stderr
    assert "keima[zoo]" in result.stderr


def test_an_error_of_a_command_is_one_line_and_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = typer.Typer()

    @broken.command()
    def run_it() -> None:
        raise BrokenInputError("weights.bin is truncated", hint="fetch it again")

    monkeypatch.setattr(importlib.import_module("keima_cli.errors"), "broken", broken, raising=False)
    fake_commands(monkeypatch, broken="keima_cli.errors:broken")
    result = CliRunner().invoke(main.app, ["broken"])
    assert result.exit_code == 3
    assert result.stderr == "error: weights.bin is truncated\n  try: fetch it again\n"
