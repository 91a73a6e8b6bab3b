# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The files for code hosts fit their schemas, and the commands in them are ones that there are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from keima_sync.cli import app

ROOT = Path(__file__).parents[2]
FILES = {
    "sync/ci/github.yml": "vendor.github-workflows",
    "sync/ci/gitlab.yml": "vendor.gitlab-ci",
}


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_files_fit_the_hosts_schemas(name: str, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*FILES, ".pre-commit-hooks.yaml"])
def test_their_options_are_options_of_the_command(name: str) -> None:
    text = (ROOT / name).read_text()
    yaml.safe_load(text)
    commands = re.findall(r"keima sync check (.*)", text)
    assert commands
    help_text = CliRunner().invoke(app, ["check", "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
    for command in commands:
        for option in re.findall(r"--[a-z-]+", command):
            assert option in help_text
