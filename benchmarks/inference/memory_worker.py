# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One framework's fresh process: loads a model, runs it once, says how long loading took and what memory it planned.

    python memory_worker.py keima|onnxruntime|openvino MODEL INPUT.npy THREADS

Without a model it imports the framework alone: MODEL is "-". It ends when its input does, so that its parent can read
its memory from outside.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Loaded = tuple[Callable[[Any], Any], dict[str, int]]


def load_keima(model: str) -> Loaded:
    from keima.jit import load_graph

    loaded = load_graph(model)
    program = loaded.program
    plan = {"arena": program.arena_bytes, "bound": program.arena_bound, "constants": program.constant_bytes}
    return lambda x: loaded(x).numpy(), plan


def load_onnxruntime(model: str) -> Loaded:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[4])
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"input": x})[0], {}


def load_openvino(model: str) -> Loaded:
    import openvino

    settings = {"INFERENCE_NUM_THREADS": int(sys.argv[4]), "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda x: request.infer({0: x})[0], {}


LOAD = {"keima": load_keima, "onnxruntime": load_onnxruntime, "openvino": load_openvino}


def report(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)
    sys.stdin.read()


def loaded_and_run(framework: str, model: str) -> dict[str, Any]:
    x = np.load(sys.argv[3])
    begun, used = time.perf_counter(), time.process_time()
    run, plan = LOAD[framework](model)
    loading = {"load_seconds": time.perf_counter() - begun, "load_cpu_seconds": time.process_time() - used}
    return {**loading, **plan, "shape": list(run(x).shape)}


def main() -> None:
    framework, model = sys.argv[1:3]
    os.environ["KEIMA_NUM_THREADS"] = sys.argv[4]
    __import__(framework)
    if model == "-":
        report({})
    else:
        report(loaded_and_run(framework, model))


if __name__ == "__main__":
    main()
