# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The files for code hosts fit their schemas, and the commands in them are ones that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from keima_audit.cli import app as audit
from keima_cli.toml_source import read_toml
from keima_sync.cli import app as sync

ROOT = Path(__file__).parents[2]
HOOKS = ".pre-commit-hooks.yaml"
SCHEMAS = {"github.yml": "vendor.github-workflows", "gitlab.yml": "vendor.gitlab-ci"}
FILES = [f"{component}/ci/{name}" for component in ("license_audit", "sync") for name in SCHEMAS]
COMMANDS: dict[str, tuple[typer.Typer, list[str]]] = {"keima sync check": (sync, ["check"]), "keima audit": (audit, [])}


@pytest.mark.parametrize("name", FILES)
def test_files_fit_the_hosts_schemas(name: str) -> None:
    schema = SCHEMAS[Path(name).name]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*FILES, HOOKS])
def test_their_options_are_options_of_the_command(name: str) -> None:
    text = (ROOT / name).read_text()
    yaml.safe_load(text)
    checked = 0
    for words, (app, path) in COMMANDS.items():
        help_text = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
        for line in re.findall(rf"{words} (-.*)", text):
            options = re.findall(r"--[a-z-]+", line)
            assert options
            assert [option for option in options if option not in help_text] == []
            checked += 1
    assert checked >= (2 if name == HOOKS else 1)


@pytest.mark.parametrize("hook", yaml.safe_load((ROOT / HOOKS).read_text()), ids=lambda hook: str(hook["id"]))
def test_a_hook_installs_what_its_extra_asks_for(hook: dict[str, Any]) -> None:
    extra = hook["entry"].split()[1]
    extras = read_toml(ROOT / "pyproject.toml").data["project"]["optional-dependencies"]
    assert sorted(hook["additional_dependencies"]) == sorted(extras[extra])


def test_the_audit_s_line_leaves_the_branch_out_where_there_is_none() -> None:
    line = re.search(r"keima (audit .*)", (ROOT / "license_audit/ci/github.yml").read_text())
    assert line is not None
    for base, expected in (("main", ["--changed-since", "origin/main"]), ("", [])):
        script = f"printf '%s\\n' {line.group(1)}"
        done = subprocess.run(["bash", "-c", script], env={"BASE": base}, capture_output=True, text=True, check=True)
        assert done.stdout.split("\n")[2 : 2 + len(expected)] == expected
        assert ("--changed-since" in done.stdout) is bool(expected)
