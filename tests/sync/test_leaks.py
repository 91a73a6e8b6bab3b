# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Leaks in every place where they hide; near misses; and that a report does not leak."""

from __future__ import annotations

import io
import json
import random
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.export import export

RULES = r"""
[paths]
unmatched = "include"
[leaks]
words = ["Falcon Project"]
hosts = ["intern.example"]
patterns = ['TICKET-\d+']
files = ["*.pem", "/private/"]
"""


def _zipped(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return made.getvalue()


def _tarred(name: str, data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def _export(project: Any, path: str, data: bytes, message: str = "change") -> list[str]:
    place = project.internal / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    project.commit(message)
    done = export(read_config(project.write_config(RULES)))
    command = ["git", "-C", project.public, "rev-parse", "--verify", "-q", "main"]
    tip = subprocess.run(command, capture_output=True, check=False)
    assert bool(done.leaks) == (tip.returncode != 0)
    return [f"{finding.path}:{finding.line}: {finding.message}" for finding in done.leaks]


@pytest.mark.parametrize(
    ("path", "data", "place"),
    [
        ("a.txt", b"one\nthe FALCON project\n", "a.txt:2: a word in its content"),
        ("a.txt", b"see http://git.intern.example/x", "a.txt:1: a host in its content"),
        ("a.txt", b"intern.example.", "a.txt:1: a host in its content"),
        ("a.txt", b"mail ann@intern.example", "a.txt:1: a host in its content"),
        ("a.txt", b"\n\nfixes TICKET-17", "a.txt:3: a pattern in its content"),
        ("a.bin", b"\0\1\2http://intern.example/\0\xff", "a.bin:1: a host in its content"),
        ("a.txt", "x TICKET-17".encode("utf-16"), "a.txt:1: a pattern in its content"),
        ("keys/server.pem", b"", "keys/server.pem:0: a kind of file in its name"),
        ("private/a", b"", "private/a:0: a kind of file in its name"),
        ("TICKET-17.txt", b"", "TICKET-17.txt:0: a pattern in its name"),
        ("a.zip", _zipped("in/b.txt", b"TICKET-17"), "a.zip:0: a pattern in in/b.txt in it"),
        ("a.tgz", _tarred("b.pem", b""), "a.tgz:0: a kind of file in b.pem in it"),
        ("a.zip", _zipped("b.tar.gz", _tarred("c", b"TICKET-17")), "a.zip:0: a pattern in b.tar.gz/c in it"),
    ],
)
def test_a_leak_is_found_and_stops_the_export(project: Any, path: str, data: bytes, place: str) -> None:
    found = _export(project, path, data)
    assert len(found) == 1 and found[0].startswith(place)
    assert "rule at sync.toml:" in found[0]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.txt", b"Falcon  Projects, falcon-project, Falcon Projectile"),
        ("a.txt", b"intern.examples notintern.example intern.example.org"),
        ("a.txt", b"TICKET-"),
        ("server.pem.md", b"about the server's key"),
        ("a/private/b", b""),
        ("broken.zip", b"PK\3\4 not an archive"),
        ("broken.tgz", b"\x1f\x8b\x08 not one either"),
    ],
)
def test_a_near_miss_is_quiet(project: Any, path: str, data: bytes) -> None:
    assert _export(project, path, data) == []


@pytest.mark.parametrize(
    ("path", "data", "place"),
    [
        (
            "a.txt",
            b"line\n" * 2000 + b"see http://git.intern.example/x\n" + b"line\n" * 900,
            "a.txt:2001: a host in its",
        ),
        ("a.bin", b"\0" * 3995 + b"TICKET-17" + b"\0" * 3000, "a.bin:1: a pattern in its content"),
        ("a.txt", ("x" * 5000 + " TICKET-17").encode("utf-16"), "a.txt:1: a pattern in its content"),
        ("a.zip", _zipped("b", bytes(range(256)) * 40)[:4] + b"x" * 9000, "a.zip:0: an archive too large to look"),
        ("a.tar", b"\0" * 257 + b"ustar" + b"\0" * 9000, "a.tar:0: an archive too large to look"),
    ],
)
def test_a_file_that_is_not_held_is_looked_through_in_parts(
    project: Any, path: str, data: bytes, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keima_sync.leak_watch._LARGEST", 2000)
    monkeypatch.setattr("keima_sync.leak_watch._PART", 4000)
    monkeypatch.setattr("keima_sync.leaks._OVERLAP", 100)
    found = _export(project, path, data)
    assert len(found) == 1 and found[0].startswith(place)


@pytest.mark.parametrize("size", [7, 50, 64, 4096])
def test_parts_show_what_the_whole_shows(project: Any, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keima_sync.leaks._OVERLAP", 40)
    project.commit(a="")
    rules, rng, seen = read_config(project.write_config(RULES)).leaks, random.Random(size), 0
    for _ in range(50):
        words = [b"TICKET-17", b"intern.example", b"falcon project", b"\n", b"filling ", b"\0\xff", b"x" * 30]
        near = [b"falcon projectile", b"notintern.example", b"intern.examples"]
        data = b" ".join(rng.choices(words + near, weights=[1, 1, 1, 9, 9, 3, 3, 5, 5, 5], k=80))
        parts = [data[start : start + size] for start in range(0, len(data), size)]
        assert set(rules.in_parts(parts)) == set(rules.in_text(data))
        seen += len(rules.in_text(data))
    assert seen > 100


def test_metadata_and_symlinks(project: Any) -> None:
    (project.internal / "link").symlink_to("/net/intern.example/file")
    subprocess.run(["git", "-C", project.internal, "add", "-A"], check=True)
    who = ["-c", "user.name=Falcon Project", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", project.internal, *who, "commit", "-qm", "fixes\n\nTICKET-9"], check=True)
    done = export(read_config(project.write_config(RULES)))
    said = sorted(finding.message.partition(",")[0] for finding in done.leaks)
    assert said == [
        "a host in the symlink's target",
        "a pattern in the commit's message",
        "a word in the commit's author or committer",
        "a word in the commit's author or committer",
    ]


def test_what_leaked_and_was_removed_is_still_history(project: Any) -> None:
    oid = project.commit(a="TICKET-17")
    project.commit(a="clean")
    done = export(read_config(project.write_config(RULES)))
    assert [oid[:12] in finding.message for finding in done.leaks] == [True]


def test_a_marker_left_over_is_a_leak(project: Any) -> None:
    project.commit(a_dot_c="x", b_dot_txt="see BEGIN-INTERNAL in a.c")
    rules = RULES + '[[blocks]]\nbegin = "BEGIN-INTERNAL"\nend = "END-INTERNAL"\npaths = ["*.c"]'
    done = export(read_config(project.write_config(rules)))
    assert [finding.path for finding in done.leaks] == ["b.txt"]


def test_a_secret_is_found_and_never_printed(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "AKIA" + "IOSFODNN7" + "QQQQQQQ"
    project.commit(config_dot_ini=f"[aws]\nid = {key}\nname = AKIA")
    config = project.write_config(RULES + "secrets = true")
    monkeypatch.chdir(config.parent)
    for flags in ([], ["--json"]):
        ran = CliRunner().invoke(app, ["export", *flags])
        assert ran.exit_code == 1
        assert key not in ran.output
    findings = json.loads(ran.stdout)["findings"]
    assert [(f["path"], f["line"]) for f in findings] == [("config.ini", 2)]
    assert "AWS" in findings[0]["message"]
    assert list(Path(project.public, ".git", "refs", "heads").iterdir()) == []


def test_an_archive_that_grows_without_end_is_said_to(project: Any) -> None:
    bomb = _zipped("zeros", b"\0" * (300 << 20))
    assert len(bomb) < 1 << 20
    assert "an archive too large to look through" in _export(project, "bomb.zip", bomb)[0]
