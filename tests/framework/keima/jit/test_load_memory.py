# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Loading holds a weight as read or as packed, never all of them both ways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import keima
import keima.functional as F  # noqa: N812
from keima.jit import trace

LAYERS, ROWS, WIDTH = 16, 64, 1024
# VmHWM is the peak of the resident set; /proc/self/clear_refs could reset it, but not in every container.
LOAD = """
import json, sys
from pathlib import Path
import numpy as np
import keima
from keima.jit import load_graph

def kib(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

x = keima.Tensor(np.ones((64, int(sys.argv[2])), np.float32))
before = kib("VmRSS")
model = load_graph(sys.argv[1])
peak = kib("VmHWM") - before
print(json.dumps({"peak": peak * 1024, "sum": float(model(x).numpy().sum())}))
"""


def test_a_weight_s_memory_is_given_back_once_it_is_packed(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    weights = [keima.Tensor(generator.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 32) for _ in range(LAYERS)]

    def network(x: keima.Tensor) -> keima.Tensor:
        for weight in weights:
            x = F.relu(F.linear(x, weight))
        return x

    traced = trace(network, symbolic=True, capture_as_const=True)
    expected = float(traced(keima.Tensor(np.ones((ROWS, WIDTH), np.float32))).numpy().sum())
    file = tmp_path / "model.safetensors"
    traced.dump(file)
    command = [sys.executable, "-c", LOAD, str(file), str(WIDTH)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert np.isclose(said["sum"], expected, rtol=1e-4)
    # All as read and all as packed would be 2.0 times the file; one weight of sixteen both ways is 1.06.
    assert said["peak"] < 1.4 * file.stat().st_size
