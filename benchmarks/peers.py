# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The machine that a table stands for, and the environments of the frameworks that it compares with."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def peer_python(folder: Path, packages: Sequence[str] = ("torch", "numpy")) -> Path:
    """The interpreter of an environment with the peers, which are installed on first use."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    return python


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def with_bytecode() -> dict[str, str]:
    """The environment in which modules are compiled once, as users have them, and not at each start."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


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


def machine() -> dict[str, Any]:
    """What stands above every table; printed too."""
    head = {"cpu": cpu_name(), "measured_gflops_one_thread": measured_peak(), "python": platform.python_version()}
    print(f"{head['cpu']}, {head['measured_gflops_one_thread']:.0f} GFLOP/s measured on one thread")
    return head


def argument_parser(
    description: str | None, name: str, rounds: int, peer: str = "build/bench/torch"
) -> argparse.ArgumentParser:
    """The options of every comparison: rounds, output (by default build/bench/NAME.json) and peer."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="times that each side runs (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path(f"build/bench/{name}.json"))
    parser.add_argument("--peer", type=Path, default=Path(peer), help="environment of the peers (default: %(default)s)")
    return parser


def parse_arguments(description: str | None, name: str, rounds: int) -> argparse.Namespace:
    return argument_parser(description, name, rounds).parse_args()


def paired(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Both medians, and the median and extremes of the ratios ours / theirs of runs made in pairs."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "keima": statistics.median(ours),
        "torch": statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
    }


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures as JSON, with the folder they go to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
