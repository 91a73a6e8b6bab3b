# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The logger writes where it is told, in a process of its own: handlers are global."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, sys, keima
assert not logging.getLogger("keima").handlers, "importing must not configure logging"
log = keima.get_logger("train")
log.info("one")
log.debug("hidden")
keima.set_log_file(sys.argv[1])
keima.set_log_level(logging.WARNING)
log.info("hidden too")
log.warning("two")
keima.enable_debug_log()
log.debug("three")
assert len(logging.getLogger("keima").handlers) == 1
assert not logging.getLogger().handlers
"""


def test_levels_and_file(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True)
    assert [line.split()[-2:] for line in done.stderr.splitlines()] == [["INFO", "one"]]
    assert [line.split()[-2:] for line in path.read_text().splitlines()] == [["WARNING", "two"], ["DEBUG", "three"]]
