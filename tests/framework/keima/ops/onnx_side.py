# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs in an environment with onnx and onnxruntime: onnx_side.py FOLDER.

For every KEY.onnx in the folder, run on the arrays in0, in1 ... of KEY.npz, prints as one JSON object the error's text,
or "" and the largest difference from out0, out1 ... relative to the largest finite value of each (at least 1).
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)


def difference(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return float("inf")
    if got.dtype.kind not in "fc":
        return float(np.count_nonzero(got != want))
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True):
        return float("inf")
    scale = max(1.0, float(np.abs(want[finite]).max(initial=0)))
    return float(np.abs(got[finite].astype(np.float64) - want[finite]).max(initial=0)) / scale


def answer(path):
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    arrays = np.load(path.with_suffix(".npz"))
    inputs = {port.name: arrays[f"in{i}"] for i, port in enumerate(session.get_inputs())}
    results = session.run(None, inputs)
    return max(difference(result, arrays[f"out{i}"]) for i, result in enumerate(results))


def main():
    answers = {}
    for path in sorted(Path(sys.argv[1]).glob("*.onnx")):
        try:
            answers[path.stem] = ["", answer(path)]
        except Exception as error:  # noqa: BLE001  # whatever a checker or runtime raises is the answer
            answers[path.stem] = [f"{type(error).__name__}: {error}"[:300], None]
    sys.stdout.write(json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
