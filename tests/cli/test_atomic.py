# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writes: all or nothing, and errors that say what to do."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keima_cli import atomic
from keima_cli.errors import BrokenInputError


def test_replaces_the_content_and_leaves_no_neighbour(tmp_path: Path) -> None:
    target = tmp_path / "state"
    atomic.write_bytes(target, b"old")
    atomic.write_text(target, "新")
    assert target.read_text(encoding="utf-8") == "新"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_an_error_inside_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "state"
    atomic.write_bytes(target, b"old")
    with pytest.raises(RuntimeError, match="stop"), atomic.open_atomic(target) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_said_and_the_old_content_stays(tmp_path: Path) -> None:
    """The kernel's own ENOSPC, from /dev/full."""
    target = tmp_path / "weights"
    atomic.write_bytes(target, b"old")
    with pytest.raises(BrokenInputError, match="disk is full") as caught, atomic.open_atomic(target) as file:
        file.write(b"half")
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")
    assert target.read_bytes() == b"old"
    assert "free some space" in str(caught.value.hint)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenInputError, match="no such folder"):
        atomic.write_bytes(tmp_path / "missing" / "state", b"")


def test_killed_in_the_middle_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "state"
    target.write_bytes(b"old")
    script = (
        "import os, signal, sys; from pathlib import Path; from keima_cli import atomic\n"
        "with atomic.open_atomic(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old"
    atomic.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with atomic.new_folder(tmp_path / "run") as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "inner" / "file").read_text() == "x"
    with pytest.raises(BrokenInputError, match="exists already"), atomic.new_folder(tmp_path / "run"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
