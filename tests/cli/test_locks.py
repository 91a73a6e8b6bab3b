# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Locks hold between processes and name their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keima_cli.locks import LockedError, hold

_HOLDER = (
    "import sys, time; from pathlib import Path; from keima_cli.locks import hold\n"
    "with hold(Path(sys.argv[1]), 'keima train'):\n"
    "    print('held', flush=True); time.sleep(60)"
)


def test_a_second_process_is_told_who_holds_it_and_a_kill_frees_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match=rf"keima train \(process {holder.pid} on "), hold(lock, "second"):
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with hold(lock, "second"):
            assert str(os.getpid()) in lock.read_text()
    assert lock.read_text() == ""


def test_waits_for_its_turn(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    script = _HOLDER.replace("sleep(60)", "sleep(0.3)")
    with subprocess.Popen([sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with hold(lock, "second", wait=30):
            assert lock.exists()
