# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The trees on which tools are compared: keima trims each rightly, and the judge tells right from wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.sync.fixtures import FIXTURES, File, Fixture
from benchmarks.sync.rivals import RULES, Ran, command, read, repository, verdict
from keima_sync.cli import app

SOUND = Fixture("sound", {b"a": File(b"a")}, {b"a": File(b"a")})
DANGLING = Fixture("dangling", {b"a.c": File(b"")}, {b"a.c": File(b"")}, "a.c")
UNPAIRED = Fixture("unpaired", {b"a.py": File(b"")}, None, "a.py")


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_each_tree_is_trimmed_rightly(fixture: Fixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, fixture.internal)
    (tmp_path / "sync.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    ran = [CliRunner().invoke(app, [name, "--config", "sync.toml"]) for name in ("check", "export")]
    command("git", "clone", "-q", "public.git", "out", folder=tmp_path)
    said = "".join(f"{done.output}{done.exception}" for done in ran)
    assert verdict(fixture, Ran(tuple(done.exit_code for done in ran), said, read(tmp_path / "out"))).startswith(
        "right"
    )


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.name)
def test_a_repository_holds_what_the_tree_says(fixture: Fixture, tmp_path: Path) -> None:
    repository(tmp_path, fixture.internal)
    command("git", "clone", "-q", "origin.git", "copy", folder=tmp_path)
    assert read(tmp_path / "copy") == fixture.internal
    assert len({each.name for each in FIXTURES}) == len(FIXTURES)


@pytest.mark.parametrize(
    ("fixture", "ran", "said"),
    [
        (SOUND, Ran((0,), "", {b"a": File(b"a")}), "right"),
        (SOUND, Ran((0,), "", {b"a": File(b"b")}), "wrong: other bytes"),
        (SOUND, Ran((0,), "", {b"a": File(b"a", 0o100755)}), "wrong: other bytes"),
        (SOUND, Ran((0,), "", {b"a": File(b"a"), b"internal/x": File(b"")}), "wrong: other bytes"),
        (SOUND, Ran((1,), "", {}), "wrong: refused"),
        (DANGLING, Ran((0, 0), "", {b"a.c": File(b"")}), "silent"),
        (DANGLING, Ran((1, 0), "a.c:1", {b"a.c": File(b"")}), "right: told"),
        (DANGLING, Ran((1,), "a.c:1", {}), "right: refused, names the file"),
        (UNPAIRED, Ran((0,), "", {b"a.py": File(b"")}), "wrong: published"),
        (UNPAIRED, Ran((2,), "no end", {}), "refused without the file's name"),
        (UNPAIRED, Ran((2,), "a.py: no end", {}), "right: refused, names the file"),
    ],
)
def test_the_judge_tells_right_from_wrong(fixture: Fixture, ran: Ran, said: str) -> None:
    assert verdict(fixture, ran) == said


def test_what_is_read_keeps_bytes_modes_and_links(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"\0\xff")
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("x")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/raw\xff"))).write_bytes(b"")
    expected = {b"run": File(b"\0\xff", 0o100755), b"link": File(b"nowhere", 0o120000), b"raw\xff": File(b"")}
    assert read(tmp_path) == expected
