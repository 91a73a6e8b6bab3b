# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Memory of whole nets at inference: our plan against its lower bound, and each framework's process seen from outside.

Each figure is of a fresh process that loads the model's file and runs it once. `arena / bound` is the planned arena,
kernels' scratch included, over the largest set of buffers that live at one step. Peaks are resident sets as the parent
reads them; `alone` is that of a process that only imports the framework.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inference.keima_layers import traced
from benchmarks.inference.nets import NETS
from benchmarks.inference.run import FOLDER, PACKAGES, PEERS, cases, net_parser, write_model
from benchmarks.inference.worker import sample
from benchmarks.peers import machine, peer_python, write_figures

WORKER = Path(__file__).with_name("memory_worker.py")
GOAL = 1.10  # arena over bound
MIB = 1 << 20


def run_worker(python: Path | str, *arguments: object) -> dict[str, Any]:
    """What the worker says, and `rss`: the peak of its resident set in bytes, read while it waits to end.

    Not its rusage: that begins with the memory of the process that started it.
    """
    command = [str(python), str(WORKER), *(str(argument) for argument in arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None, "a pipe was asked for"
        line = child.stdout.readline()
        if not line:
            raise SystemExit(f"the worker failed with exit code {child.wait()}: {' '.join(command)}")
        status = Path(f"/proc/{child.pid}/status").read_text()
        child.communicate()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return {**json.loads(line), "rss": int(peak) * 1024}


def write_inputs(name: str, batch: int, python: Path) -> tuple[Path, Path, Path]:
    """The net as our file and as ONNX, and an input."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_model(python, name, batch)
    onnx, ours, given = (FOLDER / f"{name}-{batch}{ending}" for ending in (".onnx", ".keima", "-input.npy"))
    x = sample(NETS[name], batch)
    np.save(given, x)
    if not ours.exists():
        function, tensor = traced(NETS[name], x)
        function(tensor)
        function.dump(ours)
    return ours, onnx, given


def measure(name: str, batch: int, threads: int, python: Path) -> dict[str, Any]:
    ours, onnx, given = write_inputs(name, batch, python)
    interpreters = {"keima": sys.executable, **dict.fromkeys(PEERS, python)}
    models = {"keima": ours, **dict.fromkeys(PEERS, onnx)}
    row: dict[str, Any] = {"net": name, "batch": batch, "threads": threads, "file": ours.stat().st_size}
    for framework, interpreter in interpreters.items():
        row[framework] = run_worker(interpreter, framework, models[framework], given, threads)
    row["ratio"] = row["keima"]["arena"] / row["keima"]["bound"] if row["keima"]["bound"] else 1.0
    return row


def print_row(row: dict[str, Any]) -> None:
    ours = row["keima"]
    plan = f"{ours['arena'] / MIB:9.2f}{ours['bound'] / MIB:9.2f}{row['ratio']:7.3f}{ours['constants'] / MIB:9.1f}"
    peaks = "".join(f"{row[name]['rss'] / MIB:13.0f}" for name in ("keima", *PEERS))
    loads = "".join(f"{row[name]['load_cpu_seconds']:13.2f}" for name in ("keima", *PEERS))
    print(f"{row['net']:20}{row['batch']:6}{row['threads']:8}{plan}{peaks}{loads}", flush=True)


def main() -> None:
    arguments = net_parser(__doc__, "inference-memory", rounds=1, threads=[1]).parse_args()
    python = peer_python(arguments.peer, PACKAGES)
    head = machine()
    interpreters = {"keima": sys.executable, **dict.fromkeys(PEERS, python)}
    alone = {name: run_worker(path, name, "-", "-", 1)["rss"] for name, path in interpreters.items()}
    print("alone, MiB: " + ", ".join(f"{name} {bytes_ / MIB:.0f}" for name, bytes_ in alone.items()))
    names = "".join(f"{name:>13}" for name in ("keima", *PEERS))
    print(f"{'':34}{'plan, MiB':>34}{'peak, MiB':>39}{'loading, s of processor':>39}")
    print(f"{'net':20}{'batch':>6}{'threads':>8}{'arena':>9}{'bound':>9}{'ratio':>7}{'weights':>9}{names}{names}")
    rows = []
    for name, batch, threads in cases(arguments):
        rows.append(measure(name, batch, threads, python))
        print_row(rows[-1])
    write_figures(arguments.output, {**head, "alone": alone, "figures": rows})
    worst = max(rows, key=lambda row: float(row["ratio"]))
    print(f"largest arena / bound: {worst['ratio']:.3f} ({worst['net']}), at most {GOAL} is wanted")
    sys.exit(int(worst["ratio"] > GOAL))


if __name__ == "__main__":
    main()
