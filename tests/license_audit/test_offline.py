# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""No command of the audit needs a network: each runs in a process that dies at its first socket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.license_audit.sabotage import wheel as wheel_kit
from benchmarks.license_audit.sabotage.changes import Change
from benchmarks.license_audit.sabotage.ground import prepare
from keima_audit.cli import app
from keima_cli.errors import ExitCode

# An audit hook cannot be taken off again, and it sees what C code does too. It tells which programs are started.
GUARDED = """\
import json, runpy, sys
started = []
def hook(event, args):
    if event.startswith("socket."):
        sys.stderr.write(f"NETWORK {event} {args}\\n")
        sys.exit(99)
    if event == "subprocess.Popen":
        started.append(str(args[0]))
sys.addaudithook(hook)
sys.argv = ["keima", *sys.argv[1:]]
try:
    runpy.run_module("keima_cli", run_name="__main__")
finally:
    sys.stderr.write("STARTED " + json.dumps(started) + "\\n")
"""
COMMANDS = {
    "": [],
    "wheel": ["WHEEL"],
    "sdist": ["WHEEL"],
    "notice": [],
    "sbom": ["--format", "cyclonedx"],
    "explain": ["LICENSE"],
    "baseline": [],
    "init": [],
    "fix": ["--copyright", "A"],
    "diff": ["HEAD", "."],
    "review": [],
}
LOCAL = {"git", "reuse"}
"""Programs that are started and need no network themselves."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree under git, and a wheel of it."""
    folder = tmp_path_factory.mktemp("offline")
    source = folder / "source"
    source.mkdir()
    (source / "a.py").write_text("x = 1\n")
    found = prepare(source, folder, "1")
    identity = ["-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", str(found.root), *words], check=True)
    return found.root, wheel_kit.pack(wheel_kit.members(found, folder, "1"), folder, Change({}))


def run(ground: tuple[Path, Path], command: str, before: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    root, wheel = ground
    words = [str(wheel) if word == "WHEEL" else word for word in COMMANDS[command]]
    policy = ["--policy", str(folder / "first.toml")] if command == "init" else []
    options = ["-C", str(root), "--cache", str(folder / "cache"), "--rehash", "--detector", "notices", *policy]
    line = [*before, "audit", *options, *([command] if command else []), *words]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=root, input="q\n", env=environment)


def test_every_command_is_tried() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert names | {""} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_opens_no_socket(ground: tuple[Path, Path], command: str, tmp_path: Path) -> None:
    done = run(ground, command, [sys.executable, "-c", GUARDED], tmp_path)
    assert done.returncode in (ExitCode.GOOD, ExitCode.FINDINGS), done.stderr
    started = json.loads(done.stderr.rpartition("STARTED ")[2])
    assert {Path(name).name for name in started} <= LOCAL


def test_the_guard_does_stop_a_socket() -> None:
    code = GUARDED.replace('runpy.run_module("keima_cli", run_name="__main__")', "import socket; socket.socket()")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 99
    assert "NETWORK socket.__new__" in done.stderr
