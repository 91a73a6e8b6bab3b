# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The machine that a table stands for, and the environments of the frameworks that it compares with."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path


def peer_python(folder: Path) -> Path:
    """An interpreter with PyTorch, installed on first use."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "torch", "numpy"], check=True)
    return python


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def measured_peak() -> float:
    """GFLOP/s of a 1024^3 product on one thread: what this machine gives now."""
    code = (
        "import time,keima\n"
        "x=keima.Tensor([[0.5]*1024]*1024);m=keima._core.ops.matmul;m(x,x)\n"
        "t=[]\n"
        "for _ in range(5):\n s=time.perf_counter();m(x,x);t.append(time.perf_counter()-s)\n"
        "print(2*1024**3/min(t)/1e9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KEIMA_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
