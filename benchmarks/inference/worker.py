# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One framework's process: prepares a net, writes its output, then times blocks of inferences on demand.

    python -m benchmarks.inference.worker keima|onnxruntime|openvino NET BATCH THREADS FOLDER wall|cpu

It reads lines from its input, each a number of seconds, and answers each with the fastest and the median time of one
inference in a block that lasts about as long, as JSON. The first line it writes describes the framework.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inference.nets import NETS, Net

Run = Callable[[], np.ndarray]


@dataclass
class Prepared:
    """A framework with a net loaded. `primitives` counts what it executes by "layer kernel", where it can tell."""

    version: str
    run: Run
    primitives: dict[str, int] = field(default_factory=dict)


def sample(net: Net, batch: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    if net.vocabulary:
        return rng.integers(0, net.vocabulary, (batch, *net.shape)).astype(np.int32)
    return rng.standard_normal((batch, *net.shape), dtype=np.float32)


def prepare_keima(net: Net, x: np.ndarray, threads: int, model: Path) -> Prepared:
    os.environ["KEIMA_NUM_THREADS"] = str(threads)
    import keima
    from benchmarks.inference.keima_layers import traced

    function, tensor = traced(net, x)
    return Prepared(keima.__version__, lambda: function(tensor).numpy())


def prepare_onnxruntime(net: Net, x: np.ndarray, threads: int, model: Path) -> Prepared:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return Prepared(onnxruntime.__version__, lambda: session.run(None, {"input": x})[0])


def prepare_openvino(net: Net, x: np.ndarray, threads: int, model: Path) -> Prepared:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    return Prepared(openvino.__version__, lambda: request.infer({0: x})[0], openvino_primitives(compiled))


def openvino_primitives(compiled: Any) -> dict[str, int]:
    """Kernels of the compiled net by the names it gives them, such as "Convolution brgconv_avx2_f32"."""
    counts: Counter[str] = Counter()
    for node in compiled.get_runtime_model().get_ops():
        layer, kernel = (str(node.get_rt_info()[key].astype(str)) for key in ("layerType", "primitiveType"))
        if not kernel.startswith("unknown"):
            counts[f"{layer} {kernel}"] += 1
    return dict(counts)


PREPARE = {"keima": prepare_keima, "onnxruntime": prepare_onnxruntime, "openvino": prepare_openvino}


# What a process's own processor time is for: on a shared machine it leaves out the time in which others ran.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def time_block(run: Run, seconds: float, clock: Callable[[], float]) -> dict[str, float]:
    """Fastest and median time of an inference, after one that warms the caches."""
    run()
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        begun = clock()
        run()
        times.append(clock() - begun)
    return {"fastest": min(times), "median": statistics.median(times)}


def main() -> None:
    framework, name, batch, threads, folder, clock = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:7]
    net = NETS[name]
    prepared = PREPARE[framework](net, sample(net, batch), threads, Path(folder) / f"{name}-{batch}.onnx")
    np.save(Path(folder) / f"{name}-{batch}-{framework}.npy", prepared.run())
    head: dict[str, Any] = {"framework": framework, "version": prepared.version, "primitives": prepared.primitives}
    print(json.dumps(head), flush=True)
    for line in sys.stdin:
        print(json.dumps(time_block(prepared.run, float(line), CLOCKS[clock])), flush=True)


if __name__ == "__main__":
    main()
