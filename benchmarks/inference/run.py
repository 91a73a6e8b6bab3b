# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Compares whole nets at inference with ONNX Runtime and OpenVINO, in alternating blocks of the same minutes."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inference.nets import NETS
from benchmarks.inference.picture import draw_ratios
from benchmarks.peers import argument_parser, machine, peer_python, write_figures

PEERS = ("onnxruntime", "openvino")
PACKAGES = ("onnx", "onnxruntime", "openvino", "numpy")
FOLDER = Path("build/bench/inference")
AGREEMENT = 1e-4  # largest difference over largest value
# What keeps a framework to an instruction set. ONNX Runtime has nothing of the kind: it is shown, not compared with.
CAPS = {"avx2": {"keima": {"KEIMA_ISA": "avx2"}, "openvino": {"ONEDNN_MAX_CPU_ISA": "AVX2"}}}


class Worker:
    """A framework's process that times blocks when asked."""

    def __init__(
        self, python: Path, framework: str, net: str, batch: int, threads: int, clock: str, cap: dict[str, str]
    ) -> None:
        arguments = [framework, net, str(batch), str(threads), str(FOLDER), clock]
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.inference.worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), **cap},
        )
        self.head = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None, "the worker was started with a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended with status {self._process.wait()}; its messages stand above")
        return json.loads(line)

    def block(self, seconds: float) -> float:
        """The fastest inference of a block, in ms."""
        assert self._process.stdin is not None, "the worker was started with a pipe"
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        return float(self._answer()["fastest"]) * 1e3

    def close(self) -> None:
        self._process.communicate()


def write_model(python: Path, net: str, batch: int) -> None:
    path = FOLDER / f"{net}-{batch}.onnx"
    if path.exists():
        return
    code = (
        "import sys,pathlib\nfrom benchmarks.inference import nets, onnx_layers\n"
        "onnx_layers.write_onnx(nets.NETS[sys.argv[1]], int(sys.argv[2]), pathlib.Path(sys.argv[3]))"
    )
    subprocess.run([python, "-c", code, net, str(batch), str(path)], check=True)


def disagreement(net: str, batch: int) -> dict[str, float]:
    """Our output against each peer's: max |a - b| / max |b|."""
    outputs = {name: np.load(FOLDER / f"{net}-{batch}-{name}.npy") for name in ("keima", *PEERS)}
    ours = outputs["keima"]
    return {name: float(np.abs(ours - outputs[name]).max() / np.abs(outputs[name]).max()) for name in PEERS}


def uncapped_convolutions(primitives: dict[str, int]) -> list[str]:
    """The convolution kernels that ran on more than AVX2, by their names."""
    return [name for name in primitives if name.startswith("Convolution ") and "avx2" not in name]


def compare(net: str, batch: int, threads: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Outputs compared, then blocks in turns."""
    python = peer_python(arguments.peer, PACKAGES)
    write_model(python, net, batch)
    interpreters = {"keima": Path(sys.executable), **dict.fromkeys(PEERS, python)}
    caps = CAPS.get(arguments.isa, {})
    workers = {
        name: Worker(path, name, net, batch, threads, arguments.clock, caps.get(name, {}))
        for name, path in interpreters.items()
    }
    if caps and (beyond := uncapped_convolutions(workers["openvino"].head["primitives"])):
        raise SystemExit(f"{net}: OpenVINO was to be kept to {arguments.isa}, but executes {', '.join(beyond)}")
    errors = disagreement(net, batch)
    if not max(errors.values()) <= AGREEMENT:
        raise SystemExit(f"{net}: outputs differ: max|a-b|/max|b| is {errors}, at most {AGREEMENT} is expected")
    times: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(arguments.rounds):
        for name, worker in workers.items():
            times[name].append(worker.block(arguments.seconds))
    for worker in workers.values():
        worker.close()
    compared = [peer for peer in PEERS if not caps or peer in caps]
    best = [min(values) for values in zip(*(times[peer] for peer in compared), strict=True)]
    ratios = [ours / theirs for ours, theirs in zip(times["keima"], best, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    return {
        "net": net,
        "batch": batch,
        "threads": threads,
        "isa": arguments.isa,
        "primitives": {name: worker.head["primitives"] for name, worker in workers.items()},
        "versions": {name: worker.head["version"] for name, worker in workers.items()},
        "difference": errors,
        "milliseconds": {name: statistics.median(values) for name, values in times.items()},
        "ratio": statistics.median(ratios),
        "ratio_low": low,
        "ratio_high": high,
        "blocks": times,
    }


def print_row(row: dict[str, Any]) -> None:
    times = "".join(f"{value:13.2f}" for value in row["milliseconds"].values())
    spread = f"({row['ratio_low']:.2f}-{row['ratio_high']:.2f})"
    label = f"{row['net']:20}{row['batch']:6}{row['threads']:8}"
    print(f"{label}{times}{row['ratio']:8.2f}  {spread}  {max(row['difference'].values()):.1e}", flush=True)


def net_parser(description: str | None, name: str, rounds: int, threads: list[int]) -> argparse.ArgumentParser:
    """The options of a comparison of whole nets."""
    parser = argument_parser(description, name, rounds=rounds, peer="build/bench/inference-peers")
    parser.add_argument(
        "--nets", nargs="+", choices=list(NETS), default=list(NETS), metavar="NET", help="by default all of them"
    )
    parser.add_argument(
        "--batch", type=int, nargs="+", default=[1], help="samples at once, several for a row each (default: 1)"
    )
    parser.add_argument(
        "--threads", type=int, nargs="+", default=threads, help="several for a row each (default: %(default)s)"
    )
    return parser


def cases(arguments: argparse.Namespace) -> Iterator[tuple[str, int, int]]:
    """Net, batch and number of threads of each row."""
    for threads, batch in itertools.product(arguments.threads, arguments.batch):
        for net in arguments.nets:
            yield net, batch, threads


def main() -> None:
    parser = net_parser(__doc__, "inference", rounds=9, threads=[1, 2])
    parser.add_argument("--isa", choices=["best", *CAPS], default="best", help="keep to an instruction set")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="cpu: for a busy machine, one thread")
    parser.add_argument("--seconds", type=float, default=0.3, help="a block lasts (default: %(default)s)")
    arguments = parser.parse_args()
    head = {**machine(), "clock": arguments.clock, "isa": arguments.isa}
    times = "".join(f"{name:>13}" for name in ("keima", *PEERS))
    print(f"{'net':20}{'batch':>6}{'threads':>8}{times}{'ratio':>8}  (quartiles), ms; largest difference")
    rows = []
    for net, batch, threads in cases(arguments):
        rows.append(compare(net, batch, threads, arguments))
        print_row(rows[-1])
        write_figures(arguments.output, {**head, "figures": rows})  # kept if the run ends early
    draw_ratios(head, rows, arguments.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
