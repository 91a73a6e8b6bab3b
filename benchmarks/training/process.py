# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A worker in a process of its own, with the memory that the system saw it take."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_worker(python: Path | str, *arguments: object) -> dict[str, Any]:
    """The worker's figures, and `rss`: the peak of its resident set in bytes, as its parent reads it."""
    with subprocess.Popen(
        [python, "-m", "benchmarks.training.worker", *(str(argument) for argument in arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        assert child.stdout is not None, "a pipe was asked for"
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"the worker failed with exit code {child.returncode}: {' '.join(map(str, arguments))}")
    return {**json.loads(text), "rss": usage.ru_maxrss * 1024}
