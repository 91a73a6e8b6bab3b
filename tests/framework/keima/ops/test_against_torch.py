# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Values and gradients of the ops against PyTorch, which lives in an environment of its own: `make test-oracle`.

KEIMA_TORCH_PYTHON names that environment's interpreter.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references import NOT_IN_TORCH, REFERENCES, Array, Case
from test_registry import NAMES, call, expected, gradients, rng_for, to_tensor

pytestmark = pytest.mark.oracle


def _request(name: str, case: Case, dy: Array) -> tuple[dict[str, Any], dict[str, Array]]:
    attrs = [list(a) if isinstance(a, (tuple, list)) else a for a in case.attrs]
    wanted = [i for i in REFERENCES[name].differentiable if case.inputs[i] is not None]
    described = {"op": name, "inputs": [x is not None for x in case.inputs], "attrs": attrs, "wanted": wanted}
    arrays = {str(i): to_tensor(x).numpy() for i, x in enumerate(case.inputs) if x is not None}
    return described, {**arrays, "dy": dy.astype(np.float32)}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[str, Case, Array]], dict[str, Array]]:
    """All cases by key, and PyTorch's answers."""
    python = os.environ.get("KEIMA_TORCH_PYTHON")
    assert python, "KEIMA_TORCH_PYTHON is not set: run make test-oracle"
    folder = tmp_path_factory.mktemp("torch")
    cases: dict[str, tuple[str, Case, Array]] = {}
    described: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name in NAMES:
        if name in NOT_IN_TORCH or REFERENCES[name].sequence:
            continue
        rng = rng_for(name)
        for number, case in enumerate(REFERENCES[name].cases(rng)):
            key = f"{name}.{number}"
            dy = rng.uniform(-1, 1, np.shape(expected(REFERENCES[name], case)[0]))
            cases[key] = (name, case, dy)
            described[key], own = _request(name, case, dy)
            arrays |= {f"{key}/{part}": array for part, array in own.items()}
    np.savez(folder / "in.npz", cases=json.dumps(described, default=str), **arrays)
    script = Path(__file__).with_name("torch_side.py")
    done = subprocess.run(
        [python, script, folder / "in.npz", folder / "out.npz"],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return cases, dict(np.load(folder / "out.npz"))


def test_every_op_is_compared_or_is_said_not_to_be(answers: Any) -> None:
    known = set(answers[1]["known"])
    assert known | NOT_IN_TORCH == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_IN_TORCH])
def test_values_and_gradients(answers: Any, name: str) -> None:
    cases, theirs = answers
    compared = 0
    for key, (op, case, dy) in cases.items():
        if op != name:
            continue
        out = call(name, REFERENCES[name], [to_tensor(x) for x in case.inputs], case.attrs)[0].numpy()
        # Two float32 results may both be off by the op's tolerance.
        _near(out, theirs[f"{key}/out"], 2 * REFERENCES[name].tolerance)
        if REFERENCES[name].differentiable and out.size:
            for i, grad in gradients(name, REFERENCES[name], case, dy).items():
                if f"{key}/grad{i}" in theirs:
                    _near(grad.numpy(), theirs[f"{key}/grad{i}"], 2e-5)
        compared += 1
    assert compared > 0


def _near(got: Array, want: Array, tolerance: float) -> None:
    assert got.shape == want.shape
    largest = np.max(np.abs(np.where(np.isfinite(want), want, 0)), initial=1.0)
    np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), rtol=0, atol=tolerance * largest)
