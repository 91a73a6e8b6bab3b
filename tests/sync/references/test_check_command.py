# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync check` on folders and on a repository with a history."""

from __future__ import annotations

import json
import subprocess

import pytest
from typer.testing import CliRunner

from keima_cli.errors import BrokenInputError, WrongUseError
from keima_sync.cli import app

OPTIONAL = "if(MLIR)\n  add_subdirectory(tools/mlir)\nendif()\n"


def check(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


@pytest.fixture
def repository(tmp_path):
    """Four commits: sound, a folder referred to that is not there, an unrelated one, and the repair."""
    root = tmp_path / "repository"

    def git(*arguments):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True
        ).stdout

    root.mkdir()
    git("init", "-q")
    commits = []
    for path, content in [
        ("CMakeLists.txt", ""),
        ("CMakeLists.txt", OPTIONAL),
        ("other.txt", "x"),
        ("CMakeLists.txt", ""),
    ]:
        (root / path).write_text(content)
        git("add", ".")
        git("commit", "-q", "--allow-empty-message", "-m", "")
        commits.append(git("rev-parse", "HEAD").strip())
    return root, commits


def test_one_tree_of_a_commit(repository):
    root, commits = repository
    result = check("--tree", f"{root}@{commits[2]}", "--json")
    assert result.exit_code == 1
    [finding] = json.loads(result.stdout)["findings"]
    assert (finding["path"], finding["line"], finding["properties"]["target"]) == ("CMakeLists.txt", 2, "tools/mlir")
    assert check("--tree", f"{root}@{commits[3]}").exit_code == 0
    assert check("--tree", root).exit_code == 0


def test_history_names_the_commit_that_broke_and_the_one_that_mended(repository):
    root, commits = repository
    result = check("--tree", root, "--history", "--json")
    assert result.exit_code == 0
    [finding] = json.loads(result.stdout)["findings"]
    known = finding["properties"]
    assert (known["introduced"], known["fixed"]) == (commits[1], commits[3])
    assert known["author"] == "Ada <ada@example.org>"
    still = check("--tree", f"{root}@{commits[2]}", "--history", "--json")
    assert still.exit_code == 1
    assert "still there" in still.stdout


def test_two_trees_and_sarif(make_tree, tmp_path):
    internal = make_tree("in", {"a.md": "[b](b.md)\n", "b.md": ""})
    public = make_tree("out", {"a.md": "[b](b.md)\n"})
    log = tmp_path / "log.sarif"
    result = check("--internal", internal, "--public", public, "--sarif", log, "--junit", tmp_path / "log.xml")
    assert result.exit_code == 1
    [found] = json.loads(log.read_text())["runs"][0]["results"]
    assert found["ruleId"] == "dangling-reference"
    assert found["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.md"
    assert 'failures="1"' in (tmp_path / "log.xml").read_text()


def test_wrong_use_is_one_clear_error(tmp_path, repository):
    root, _ = repository
    assert isinstance(check().exception, WrongUseError)
    assert isinstance(check("--tree", root, "--public", root).exception, WrongUseError)
    assert isinstance(check("--tree", tmp_path / "absent").exception, WrongUseError)
    assert isinstance(check("--tree", f"{root}@nothing").exception, WrongUseError)
    assert isinstance(check("--tree", f"{tmp_path}@HEAD").exception, BrokenInputError)
