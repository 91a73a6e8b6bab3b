# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync export --squash`: one commit with the tree of the whole, and what follows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.errors import BlockedError, MetadataError, SyncUsageError
from keima_sync.export import export, standing

RULES = '[paths]\nunmatched = "include"\n[[paths.rules]]\nexclude = "/internal/"\n'


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _config(project: Any, more: str = "") -> Any:
    return read_config(project.write_config(RULES + more))


@pytest.fixture
def squashed(project: Any) -> Any:
    for number in range(3):
        project.commit(f"secret plan {number}", a=f"{number}\n", internal__b=f"{number}\n")
    export(_config(project), squash=True)
    return project


def test_one_commit_has_the_tree_of_the_whole(squashed: Any) -> None:
    assert squashed.public_files() == {"a": b"2\n"}
    log = _git(squashed.public, "log", "--format=%an %s%n%b", "main")
    tip = _git(squashed.internal, "rev-parse", "HEAD")
    assert log == f"Ann Publish 3 commits\nKeima-Origin: {tip}"
    assert standing(_config(squashed)).waiting == 0


def test_nothing_new_makes_nothing(squashed: Any) -> None:
    assert export(_config(squashed), squash=True).made == {}
    squashed.commit(internal__b="hidden")
    assert export(_config(squashed), squash=True).made == {}


def test_single_commits_and_squashed_ones_follow_each_other(squashed: Any) -> None:
    squashed.commit("one", a="one\n")
    assert len(export(_config(squashed)).made) == 1
    squashed.commit("two", a="two\n")
    squashed.commit("three", c="three\n")
    assert len(export(_config(squashed), squash=True).made) == 1
    assert _git(squashed.public, "log", "--format=%s", "main").split("\n") == [
        "Publish 2 commits",
        "one",
        "Publish 3 commits",
    ]
    assert squashed.public_files() == {"a": b"two\n", "c": b"three\n"}
    assert export(_config(squashed)).made == {}


def test_a_branch_from_before_the_squash_is_merged_after_it(squashed: Any) -> None:
    _git(squashed.internal, "checkout", "-q", "-b", "side", "HEAD~2")
    squashed.commit("side", d="side\n")
    _git(squashed.internal, "checkout", "-q", "main")
    _git(squashed.internal, "-c", "user.name=M", "-c", "user.email=m@corp.example", "merge", "-q", "--no-edit", "side")
    export(_config(squashed))
    assert squashed.public_files() == {"a": b"2\n", "d": b"side\n"}


def test_what_stops_a_replay_stops_a_squash(squashed: Any) -> None:
    tip = _git(squashed.public, "rev-parse", "main")
    squashed.commit(a="CODENAME\n")
    assert export(_config(squashed, '[leaks]\nwords = ["codename"]\n'), squash=True).leaks
    with pytest.raises(MetadataError, match="not among the allowed"):
        export(_config(squashed, '[commits]\nallowed = ["@other.example"]\n'), squash=True)
    _git(squashed.internal, "reset", "-q", "--hard", "HEAD~2")
    squashed.commit(a="another line\n")
    with pytest.raises(BlockedError, match="does not lead on from"):
        export(_config(squashed), squash=True)
    assert _git(squashed.public, "rev-parse", "main") == tip


def test_rules_that_publish_nothing(project: Any) -> None:
    project.commit(internal__b="1")
    with pytest.raises(SyncUsageError, match="publish nothing"):
        export(_config(project), squash=True)


def test_the_command(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit(a="1")
    project.commit(a="2")
    _config(project)
    monkeypatch.chdir(project.folder)
    told = json.loads(CliRunner().invoke(app, ["export", "--squash", "--json"]).stdout)
    assert list(told["made"].values()) == [told["after"]] == [_git(project.public, "rev-parse", "main")]
