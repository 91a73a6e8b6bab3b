# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Every op that has an ONNX form, and the zoo's and the benchmarks' nets, in ONNX Runtime: `make test-oracle`.

KEIMA_ONNX_PYTHON names the interpreter of an environment with onnx and onnxruntime.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references import OURS_ALONE, REFERENCES, Case
from test_registry import NAMES, call, rng_for, to_tensor

import keima
from benchmarks.inference.keima_layers import traced as traced_net
from benchmarks.inference.nets import NETS
from benchmarks.inference.worker import sample
from keima.jit import Graph, trace
from keima_deploy.onnx import UnsupportedOpError, export_onnx
from keima_zoo.models import MODELS

# Models are written and run all at once, which takes minutes on a busy machine.
pytestmark = [pytest.mark.oracle, pytest.mark.timeout(1800)]

# Ops that the exporter refuses, each with its reason.
REFUSED = OURS_ALONE | {"batch_norm_train", "conv2d_backward_weight"}
# The shape of its result depends on values: no graph holds it.
NOT_TRACED = {"nonzero"}
# VGG-16 is 550 MB of what the others show too.
LEFT_OUT = {"vgg16"}


def _exported(traced: Any, arrays: list[np.ndarray[Any, Any]], path: Path) -> None:
    """Writes the model, and beside it the operands and results."""
    results = traced(*[keima.Tensor(array, dtype=array.dtype) for array in arrays])
    results = results if isinstance(results, tuple) else (results,)
    file = io.BytesIO()
    traced.dump(file)
    path.with_suffix(".onnx").write_bytes(b"".join(export_onnx(Graph.load(file.getvalue()))))
    named = {f"in{i}": array for i, array in enumerate(arrays)} | {f"out{i}": r.numpy() for i, r in enumerate(results)}
    np.savez(path.with_suffix(".npz"), **named)


def _traced_op(name: str, case: Case) -> tuple[Any, list[np.ndarray[Any, Any]]]:
    reference = REFERENCES[name]
    arrays = [to_tensor(x).numpy() for x in case.inputs if x is not None]

    def apply(*given: keima.Tensor) -> Any:
        rest = iter(given)
        results = call(name, reference, [None if x is None else next(rest) for x in case.inputs], case.attrs)
        return results[0] if name == "max_pool2d" else results

    return trace(apply, capture_as_const=True), arrays


def _answers(folder: Path) -> dict[str, tuple[str, float]]:
    python = os.environ.get("KEIMA_ONNX_PYTHON")
    assert python, "KEIMA_ONNX_PYTHON is not set: run make test-oracle"
    side = Path(__file__).with_name("onnx_side.py")
    done = subprocess.run([python, side, folder], capture_output=True, text=True, check=True)
    answers: dict[str, tuple[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float]]:
    folder = tmp_path_factory.mktemp("onnx")
    refused: dict[str, tuple[str, float]] = {}
    for name in NAMES:
        if name in REFUSED | NOT_TRACED:
            continue
        for i, case in enumerate(REFERENCES[name].cases(rng_for(name))):
            try:
                _exported(*_traced_op(name, case), folder / f"{name}-{i}")
            except UnsupportedOpError as error:  # fails the test of this op, not of all
                refused[f"{name}-{i}"] = (str(error), float("inf"))
    return _answers(folder) | refused


@pytest.mark.parametrize("name", [name for name in NAMES if name not in REFUSED | NOT_TRACED])
def test_values_are_those_of_onnx_runtime(name: str, answers: dict[str, tuple[str, float]]) -> None:
    mine = {key: answer for key, answer in answers.items() if key.rpartition("-")[0] == name}
    assert mine
    for key, (error, apart) in mine.items():
        assert not error, f"{key}: {error}"
        assert apart <= 1e-5, key


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_ops_say_why(name: str, tmp_path: Path) -> None:
    case = REFERENCES[name].cases(rng_for(name))[0]
    with pytest.raises(UnsupportedOpError, match=f"{name}: .{{9}}"):
        _exported(*_traced_op(name, case), tmp_path / name)


def test_nets_are_those_of_onnx_runtime(tmp_path: Path) -> None:
    for name, make in MODELS.items():
        network = make()
        images = np.random.default_rng(0).standard_normal((2, 1, 28, 28)).astype(np.float32)
        network(keima.Tensor(images))
        network.eval()
        _exported(trace(network, capture_as_const=True), [images], tmp_path / name)
    for name, net in NETS.items():
        if name not in LEFT_OUT:
            x = sample(net, 1)
            _exported(traced_net(net, x)[0], [x], tmp_path / name)
    answers = _answers(tmp_path)
    assert len(answers) == len(MODELS) + len(NETS) - len(LEFT_OUT)
    for name, (error, apart) in answers.items():
        assert not error, f"{name}: {error}"
        assert apart <= 1e-4, name
