# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""All bits are the same on any number of threads, as the kernels' headers say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("digests.py")


def _digests(threads: int) -> dict[str, list[str]]:
    environment = {**os.environ, "KEIMA_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, env=environment, timeout=250)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["threads"] == threads
    return document["digests"]


def test_one_two_three_and_five_threads_give_the_same_bits():
    alone = _digests(1)
    assert sum(map(len, alone.values())) > 100
    for threads in (2, 3, 5):
        assert _digests(threads) == alone, f"{threads} threads"
