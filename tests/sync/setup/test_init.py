# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync init`: what it guesses, that the file fits the schema and works, and that nothing is overwritten."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_cli.errors import BrokenInputError, KeimaCommandError, WrongUseError
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.export import deciding_rules, export


def _init(project: Any, *flags: str) -> dict[str, Any]:
    ran = CliRunner().invoke(app, ["init", str(project.internal), "--json", *flags])
    if ran.exception:
        raise ran.exception
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def _fill(project: Any) -> None:
    project.commit(
        src__core__a_dot_c="// BEGIN-INTERNAL\nx\n// END-INTERNAL\ngit@git.corp.example:x\n",
        src__internal__b_dot_c="hidden",
        third_party__private_keys__c="",
        src__internals_of_it__d="",
        docs__x_dot_md="<!-- internal:start -->\n<!-- internal:end -->\nsee https://wiki.intern.example.com/x and https://github.com",
        Makefile="all:\n\ttrue\n",
    )


def test_folders_markers_hosts_and_builds_are_guessed(project: Any) -> None:
    _fill(project)
    told = _init(project)
    assert told["folders"] == ["src/internal", "third_party/private_keys"]
    assert told["markers"] == ["BEGIN-INTERNAL ... END-INTERNAL", "internal:start ... internal:end"]
    assert told["hosts"] == ["git.corp.example", "wiki.intern.example.com"]
    assert told["steps"] == ["make"]


def test_the_file_fits_the_schema_and_decides_what_it_says(project: Any) -> None:
    _fill(project)
    _init(project)
    config = read_config(project.internal / "sync.toml")
    assert config.origin.repository == project.internal and config.destination.repository == project.public
    assert "not published" in deciding_rules(config, b"src/internal/b.c")[0]
    assert "published" in deciding_rules(config, b"src/core/a.c")[0]
    assert len(config.contents.blocks) == 2
    done = export(config)
    assert done.after is None or done.leaks
    assert {finding.path for finding in done.leaks} == {"src/core/a.c", "docs/x.md"}


def test_an_innocent_repository_gets_a_file_that_publishes_all(project: Any) -> None:
    project.commit(
        src__a_dot_py="# starts at the beginning, strips ends\nprivate = 1\n", README="https://example.org\n"
    )
    told = _init(project)
    assert told["folders"] == told["markers"] == told["hosts"] == told["steps"] == []
    export(read_config(project.internal / "sync.toml"))
    assert set(project.public_files()) == {"src/a.py", "README"}


@pytest.mark.parametrize("name", ["internal [x]*?", 'private "q" \\', "secret # = ]", "corp-\u6842"])
def test_names_of_any_characters_are_quoted_and_escaped(project: Any, name: str) -> None:
    folder = project.internal / name
    folder.mkdir()
    (folder / "a").write_text("x")
    project.commit()
    _init(project)
    config = read_config(project.internal / "sync.toml")
    assert ": not published" in deciding_rules(config, os.fsencode(f"{name}/a"))[0]
    assert ": published" in deciding_rules(config, b"internal x/a")[0]


def test_a_name_that_is_not_utf8_is_left_out(project: Any) -> None:
    folder = Path(os.fsdecode(os.fsencode(project.internal) + b"/private-\xff"))
    folder.mkdir()
    (folder / "a").write_text("x")
    project.commit()
    assert _init(project)["folders"] == []
    read_config(project.internal / "sync.toml")


def test_a_file_that_is_there_stays(project: Any) -> None:
    project.commit(sync_dot_toml="mine")
    with pytest.raises(WrongUseError, match="is there already"):
        _init(project)
    assert (project.internal / "sync.toml").read_text() == "mine"
    _init(project, "--output", str(project.folder / "other.toml"))
    assert read_config(project.folder / "other.toml").origin.repository == project.internal


def test_no_repository_and_no_commit(project: Any, tmp_path: Path) -> None:
    with pytest.raises(KeimaCommandError):
        _init(project)
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = CliRunner().invoke(app, ["init", str(empty)])
    assert isinstance(ran.exception, BrokenInputError) and list(empty.iterdir()) == []
