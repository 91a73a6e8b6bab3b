# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that read blobs do not outlive the one that asked."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from keima_sync.references.reading import _open

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_open, initargs=((),))
    print(pool.submit(os.getpid).result(), flush=True)
    signal.pause()
"""


@pytest.mark.timeout(60)
def test_readers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        reader = int(parent.stdout.readline())
        assert reader != parent.pid
        parent.send_signal(signal.SIGKILL)
        # The reader inherited the pipe: its end comes when the last of them is gone.
        assert parent.stdout.read() == ""
