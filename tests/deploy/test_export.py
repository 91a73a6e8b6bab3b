# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima export --onnx`: the command; tests/framework/keima/ops has what the models compute in ONNX Runtime."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import keima
from keima._core import ops
from keima.jit import Graph, trace
from keima_cli.errors import BrokenInputError, WrongUseError
from keima_deploy.cli import export_app
from keima_deploy.onnx import UnsupportedOpError, export_onnx


def _run(*arguments):
    done = CliRunner().invoke(export_app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_writes_a_model_whole(models, tmp_path):
    path = tmp_path / "lenet.onnx"
    document = json.loads(_run(models["lenet"], "--onnx", path, "--json"))
    content = path.read_bytes()
    assert document == {"file": str(path), "bytes": len(content), "opset": 20}
    for text in (b"images", b"logits", b"conv1.weight", b"MaxPool", b"Relu"):
        assert text in content
    assert keima.jit.load_graph(models["lenet"]).inputs["images"][0] == (1, 1, 28, 28)


def test_wrong_use_and_ops_without_a_form_are_explained(models, tmp_path):
    with pytest.raises(WrongUseError, match="nothing to write"):
        _run(models["lenet"])
    with pytest.raises(BrokenInputError, match="No such file"):
        _run(tmp_path / "absent", "--onnx", tmp_path / "x.onnx")
    traced = trace(lambda y, dy: ops.softmax_backward(y, dy, axis=0), capture_as_const=True)
    traced(*[keima.Tensor(np.ones(3))] * 2)
    traced.dump(tmp_path / "gradient")
    with pytest.raises(UnsupportedOpError, match="softmax_backward: a gradient"):
        export_onnx(Graph.load(str(tmp_path / "gradient")))
    with pytest.raises(BrokenInputError, match="gradient: softmax_backward: a gradient"):
        _run(tmp_path / "gradient", "--onnx", tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["gradient"]
